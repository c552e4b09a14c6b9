"""The roles of GitHub Actions trust one subject each, and may assume only roles that `cdk deploy` assumes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stacks.github_subject import GitHubSubject
from tests.refusals import refused
from tests.snapshot.assembly import Assembly

ROOT = Path(__file__).parents[2]


def synthesize(outdir: Path, **context: str) -> subprocess.CompletedProcess[str]:
    """Run the program as `make github-roles` has the CDK CLI do."""
    settings = json.loads((ROOT / "cdk.json").read_text())["context"]
    return subprocess.run(
        [sys.executable, "-m", "stacks.github_roles"],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_OUTDIR": str(outdir),
            "CDK_CONTEXT_JSON": json.dumps({**settings, **context}),
            "CDK_VALIDATION": "false",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def resources(outdir: Path, resource_type: str) -> dict[str, dict[str, Any]]:
    template = json.loads((outdir / "receipts-dev-github.template.json").read_text())
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == resource_type
    }


@pytest.fixture(scope="module")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roles")
    done = synthesize(folder, env="dev", repository="owner/name")
    assert done.returncode == 0, done.stderr
    return folder


def test_each_role_trusts_one_subject_of_one_repository(outdir: Path) -> None:
    found = {}
    for name, role in resources(outdir, "AWS::IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert (
            json.dumps(statement["Principal"]).count("oidc-provider/token.actions.githubusercontent.com") == 1
        )
        found[re.sub(r"[0-9A-F]{8}$", "", name)] = statement["Condition"]
    claims = "token.actions.githubusercontent.com"
    audience = {f"{claims}:aud": "sts.amazonaws.com"}
    assert found == {
        "Deploy": {
            "StringEquals": audience,
            "StringLike": {f"{claims}:sub": "repo:owner/name:environment:dev"},
        },
        "Diff": {
            "StringEquals": audience,
            "StringLike": {f"{claims}:sub": "repo:owner/name:pull_request"},
        },
    }


def assumed(outdir: Path) -> dict[str, set[str]]:
    """The roles that each role may assume, by its name."""
    found = {}
    for name, policy in resources(outdir, "AWS::IAM::Policy").items():
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRole"
        arns = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        found[name.partition("DefaultPolicy")[0]] = {
            re.findall(r"role/[\w-]+", json.dumps(arn).replace('", {"Ref": "AWS::Partition"}, "', ""))[0]
            for arn in arns
        }
    return found


def test_the_deploy_role_may_assume_what_the_cli_assumes_and_the_diff_role_only_reads(
    outdir: Path, assemblies: Any
) -> None:
    dev: Assembly = assemblies("dev")
    named = {
        role
        for path in dev.directory.glob("*.json")
        if path.name == "manifest.json" or path.name.endswith(".assets.json")
        for role in re.findall(r"role/cdk-[\w-]+", path.read_text())
    }
    # CloudFormation assumes it, and not the CLI.
    used_by_the_cli = {role for role in named if "cfn-exec" not in role}
    of_deploy, of_diff = (assumed(outdir)[name] for name in ("Deploy", "Diff"))
    assert of_deploy == used_by_the_cli
    assert of_diff == {"role/cdk-hnb659fds-lookup-role-111111111111-us-east-1"}


def test_the_provider_is_made_once_for_an_account(outdir: Path, tmp_path: Path) -> None:
    assert [
        provider["ClientIdList"] for provider in resources(outdir, "AWS::IAM::OIDCProvider").values()
    ] == [["sts.amazonaws.com"]]
    synthesize(tmp_path, env="dev", repository="owner/name", provider="exists")
    assert resources(tmp_path, "AWS::IAM::OIDCProvider") == {}


def test_a_missing_repository_ends_synth_in_one_line(tmp_path: Path) -> None:
    done = synthesize(tmp_path, env="dev")
    where, _, error = done.stderr.partition(": ")
    assert (done.returncode, where.split(":")[0], error) == (
        1,
        "stacks/github_roles.py",
        "error: repository: must be owner/name, got None; pass -c repository=owner/name\n",
    )


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        ({}, "repo:owner/name:pull_request"),
        ({"has_ref": True}, "repo:owner/name:pull_request:ref:refs/pull/*/merge"),
        ({"branch": "main"}, "repo:owner/name:ref:refs/heads/main"),
        ({"environment": "prod"}, "repo:owner/name:environment:prod"),
        (
            {"environment": "prod", "branch": "main"},
            "repo:owner/name:environment:prod:ref:refs/heads/main",
        ),
        (
            {"repository": "owner@12/name@34", "environment": "prod"},
            "repo:owner@12/name@34:environment:prod",
        ),
    ],
)
def test_a_subject_is_what_github_puts_into_the_token(settings: dict[str, Any], subject: str) -> None:
    assert str(GitHubSubject(**{"repository": "owner/name", **settings})) == subject


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"repository": "owner"}, "repository: must be owner/name, got 'owner'"),
        ({"repository": "owner/*"}, "repository: must be owner/name, got 'owner/*'"),
        ({"branch": "*"}, "branch: must be a branch without wildcards, got '*'"),
        (
            {"environment": "prod:ref"},
            "environment: must be letters, digits, '.', '_' and '-', got 'prod:ref'",
        ),
    ],
)
def test_a_subject_takes_no_wildcard_and_no_further_claim(settings: dict[str, Any], error: str) -> None:
    with refused(error):
        GitHubSubject(**{"repository": "owner/name", **settings})
