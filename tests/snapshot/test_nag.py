"""cdk-nag's AwsSolutions pack finds nothing, and each finding that was acknowledged says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from scoped_images import OrderedAssets
from stacks.environment import AppEnvironment
from stacks.receipts import add_stacks

ROOT = Path(__file__).parents[2]


def report_of(tmp_path: Path, changes: dict[str, Any]) -> list[dict[str, Any]]:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    context["environments"]["prod"] |= changes
    app = cdk.App(
        outdir=str(tmp_path), context={**context, "env": "prod"}, default_stack_synthesizer=OrderedAssets()
    )
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    add_stacks(app, AppEnvironment.read(context["environments"], "prod"))
    app.synth()
    reports: list[dict[str, Any]] = json.loads((tmp_path / "validation-report.json").read_text())[
        "pluginReports"
    ]
    return reports


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "certificate_arn": "arn:aws:acm:us-east-1:333333333333:certificate/x",
            "domain_name": "receipts.example.com",
        },
    ],
    ids=["internal", "public"],
)
def test_nothing_is_found(tmp_path: Path, changes: dict[str, Any]) -> None:
    reports = report_of(tmp_path, changes)
    assert "AwsSolutions" in {report["pluginName"] for report in reports}
    assert [violation["ruleName"] for report in reports for violation in report["violations"]] == []
