"""cdk-nag's AwsSolutions pack finds nothing in the constructs that make roles and functions.

`make versions` leaves this file out with the lowest aws-cdk-lib, which cdk-nag 3 refuses.
"""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from cdk_nag import AwsSolutionsChecks

from scoped_images import BuildOptions, BuildSecret, ImagePruner, Retention
from tests.cdk.remote_builder import builder_in, image_in
from tests.cdk.small_app import SmallApp


def findings(small_app: SmallApp) -> list[str]:
    """Synthesize the app, and return the rules that something breaks without saying why."""
    cdk.Validations.of(small_app.app).add_plugins(AwsSolutionsChecks(small_app.app))
    out = Path(small_app.app.synth().directory)
    reports = json.loads((out / "validation-report.json").read_text())["pluginReports"]
    assert "AwsSolutions" in {report["pluginName"] for report in reports}
    return [one["ruleName"] for report in reports for one in report["violations"]]


def test_nothing_is_found_in_a_pruner(small_app: SmallApp) -> None:
    ImagePruner(
        small_app.stack("Pruning"),
        "Pruner",
        environment_name="dev",
        repositories=["app-dev"],
        retention=Retention(max_images=5),
        delete=True,
    )
    assert findings(small_app) == []


@pytest.mark.parametrize("in_vpc", [False, True])
def test_nothing_is_found_in_remote_builds(small_app: SmallApp, in_vpc: bool) -> None:
    builds = small_app.stack("Builds")
    vpc = ec2.Vpc(builds, "Vpc", flow_logs={"All": ec2.FlowLogOptions()}) if in_vpc else None
    builder = builder_in(
        builds,
        vpc=vpc,
        secrets={"pip": BuildSecret.secrets_manager("pip-conf"), "npm": BuildSecret.parameter("/npm")},
    )
    options = BuildOptions(build_secrets={"pip": "env=PIP", "npm": "env=NPM"})
    image_in(small_app, small_app.stack("App"), builder, options=options)
    assert findings(small_app) == []
