"""Which stacks `scoped-images build` asks to deploy first, against moto's ECR and STS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.building.small_assembly import docker_image, on, uri, write_assembly
from tests.unit.building.test_plan import base_metadata
from tests.unit.command_line.program import Command


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS without repositories."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    # moto's accounts are those of the access keys.
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111111111111")
    with mock_aws():
        yield


def make(name: str) -> dict[str, Any]:
    """The resources of a stack that makes a repository."""
    return {"R": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": name}}}


def test_the_stack_of_the_image_s_own_region_is_named(tmp_path: Path, command: Command) -> None:
    write_assembly(tmp_path / "europe", {"1": docker_image("api")}, stack="europe", resources=make("api"))
    write_assembly(tmp_path, {}, stack="america", region="us-east-1", resources=make("api"), nested="europe")
    printed = command("build", "--app", str(tmp_path))
    assert printed.code == 3
    assert printed.err.splitlines() == [
        "app/europe must be deployed first: it makes repository api",
        "Deploy first: cdk deploy app/europe",
    ]


def test_a_dry_run_lists_every_image_and_then_the_stacks_to_deploy_first(
    tmp_path: Path, command: Command
) -> None:
    boto3.client("ecr", region_name="eu-west-1").create_repository(repositoryName="there")
    write_assembly(
        tmp_path,
        {"1": docker_image("base"), "2": docker_image("top", **on("base")), "3": docker_image("there")},
        resources={"Base": make("base")["R"], "Top": make("top")["R"]},
    )
    printed = command("build", "--app", str(tmp_path), "--dry-run")
    assert printed.code == 3
    assert printed.out.splitlines() == [
        *(f"to build: stack/{name}: {uri(name)}" for name in ("base", "top", "there")),
        "3 images to build, 0 failed, 0 not built, 0 in the registry already.",
    ]
    assert printed.err.splitlines() == [
        "app/stack must be deployed first: it makes repository base, repository top",
        "Deploy first: cdk deploy app/stack",
    ]


def test_a_repository_that_no_stack_makes_is_a_mistake(tmp_path: Path, command: Command) -> None:
    write_assembly(tmp_path, {"1": docker_image("api")}, region="us-east-1", resources=make("api"))
    assert command("build", "--app", str(tmp_path)).err == (
        "scoped-images: repository: 'api' does not exist in account 111111111111, region eu-west-1, and no stack of the "
        "app makes it there; run cdk bootstrap if it is CDK's own, or create it\n"
    )


def test_a_remote_base_without_a_repository_needs_the_stacks_of_both(
    tmp_path: Path, command: Command
) -> None:
    boto3.client("ecr", region_name="eu-west-1").create_repository(repositoryName="top")
    write_assembly(tmp_path / "repositories", {}, stack="repositories", resources=make("remote"))
    write_assembly(
        tmp_path,
        {"1": docker_image("top", **on("remote"))},
        metadata=base_metadata(uri("remote"), linux_amd64=uri("remote")),
        nested="repositories",
    )
    printed = command("build", "--app", str(tmp_path))
    assert printed.code == 3
    assert printed.err.splitlines() == [
        "app/repositories must be deployed first: it makes repository remote",
        f"app/stack must be deployed first: it makes base image {uri('remote')}",
        "Deploy first: cdk deploy app/repositories app/stack",
    ]
