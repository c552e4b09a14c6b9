"""The region of a command: --region, else the environment's in cdk.json, else the AWS CLI's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scoped_images.command_line.aws_region import aws_region

CDK_JSON = {"context": {"environments": {"prod": {"region": "eu-central-1"}}}}


@pytest.mark.parametrize(
    ("cdk_json", "given", "env", "region"),
    [
        (CDK_JSON, "us-west-2", "prod", "us-west-2"),
        (CDK_JSON, None, "prod", "eu-central-1"),
        (CDK_JSON, None, "other", "eu-west-1"),
        ({"context": {"environments": {"prod": {}}}}, None, "prod", "eu-west-1"),
        ({"app": "python app.py"}, None, "prod", "eu-west-1"),
        (None, None, "prod", "eu-west-1"),
    ],
)
def test_the_first_region_found_counts(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cdk_json: Any,
    given: str | None,
    env: str,
    region: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    if cdk_json is not None:
        Path("cdk.json").write_text(json.dumps(cdk_json))
    assert aws_region(given, env=env) == region
