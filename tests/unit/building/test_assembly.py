"""What a build reads from a cloud assembly."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.building.assembly import BASE_METADATA, Base, Repository, Stack, read_assembly
from scoped_images.building.image_asset import Destination
from tests.refusals import refused
from tests.unit.building.small_assembly import ROLE, docker_image, write_assembly


def test_an_image_is_read_with_every_option_and_absolute_paths(tmp_path: Path) -> None:
    image = docker_image(
        "api",
        dockerFile="api.Dockerfile",
        dockerBuildTarget="run",
        dockerBuildArgs={"A": "1"},
        dockerBuildContexts={
            "source": "../shared",
            "base": "docker-image://x@sha256:1",
            "layout": "oci-layout://../layout@sha256:2",
        },
        dockerBuildSecrets={"pip": "src=../pip.conf", "token": "env=TOKEN"},
        dockerBuildSsh="default",
        networkMode="none",
        cacheFrom=[{"type": "registry", "params": {"ref": "r:cache"}}, {"type": "gha"}],
        cacheTo={"type": "registry", "params": {"ref": "r:cache", "mode": "max"}},
        cacheDisabled=True,
    )
    folder = tmp_path / "cdk.out"
    (found,) = read_assembly(write_assembly(folder, {"hash": image})).images
    assert (found.name, found.stack, found.platform) == ("stack/api", "app/stack", "linux/amd64")
    assert found.options == {
        "context": f"{folder}/asset.api",
        "dockerfile": f"{folder}/asset.api/api.Dockerfile",
        "target": "run",
        "args": {"A": "1"},
        "contexts": {
            "source": f"{folder}/asset.api/../shared",
            "base": "docker-image://x@sha256:1",
            "layout": f"oci-layout://{folder}/asset.api/../layout@sha256:2",
        },
        "secret": [f"id=pip,src={folder}/asset.api/../pip.conf", "id=token,env=TOKEN"],
        "ssh": ["default"],
        "network": "none",
        "platforms": ["linux/amd64"],
        "cache-from": ["type=registry,ref=r:cache", "type=gha"],
        "cache-to": ["type=registry,ref=r:cache,mode=max"],
        "no-cache": True,
    }
    assert found.destinations == (
        Destination(repository="api", tag="sha-api", region="eu-west-1", role_arn=ROLE),
    )


def test_nested_assemblies_are_read_relative_to_their_own_folder(tmp_path: Path) -> None:
    stage = {"one": docker_image("staged", directory="../asset.staged")}
    write_assembly(tmp_path / "assembly-Prod", stage, stack="prod")
    found = read_assembly(
        write_assembly(tmp_path, {"two": docker_image("plain")}, nested="assembly-Prod")
    ).images
    assert {image.name: image.options["context"] for image in found} == {
        "stack/plain": f"{tmp_path}/asset.plain",
        "stack/staged": f"{tmp_path}/assembly-Prod/../asset.staged",
    }


def test_images_that_only_the_cli_can_build_are_left_to_it(tmp_path: Path) -> None:
    found = read_assembly(
        write_assembly(
            tmp_path,
            {
                "1": docker_image("command", directory=None, executable=["make", "image"]),
                "2": docker_image("files", dockerOutputs=["type=local,dest=out"]),
                "3": docker_image("stored", dockerOutputs=["type=docker"]),
            },
        )
    )
    assert [image.name for image in found.images] == ["stack/stored"]
    assert [(image.name, image.stack, image.platform, image.why) for image in found.skipped] == [
        ("stack/command", "app/stack", "linux/amd64", "a command of its own builds it"),
        ("stack/files", "app/stack", "linux/amd64", "it has the output 'type=local,dest=out'"),
    ]


def test_base_images_and_the_stacks_of_repositories_are_found(tmp_path: Path) -> None:
    data = {"reference": "host/base:stable", "images": {"linux/amd64": "host/base:sha-1"}}
    found = read_assembly(
        write_assembly(
            tmp_path,
            {},
            resources={
                "Mine": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "base"}},
                "Other": {"Type": "AWS::S3::Bucket"},
            },
            metadata={"/stack/Base": [{"type": "aws:cdk:x"}, {"type": BASE_METADATA, "data": data}]},
        )
    )
    assert found.bases == (
        Base(reference="host/base:stable", images={"linux/amd64": "host/base:sha-1"}, stack="app/stack"),
    )
    assert found.stack_of_repository(repository()) == "app/stack"
    assert found.stack_of_repository(repository(name="other")) is None


@pytest.mark.parametrize(
    ("environment", "makes"),
    [
        ("aws://111111111111/eu-west-1", True),
        ("aws://unknown-account/unknown-region", True),
        ("aws://111111111111/us-east-1", False),
        ("aws://222222222222/eu-west-1", False),
        ("aws://unknown-account/us-east-1", False),
    ],
)
def test_a_stack_makes_repositories_in_its_own_account_and_region(
    environment: str, makes: bool, tmp_path: Path
) -> None:
    template = tmp_path / "template.json"
    template.write_text(
        '{"Resources": {"R": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "base"}}}}'
    )
    stack = Stack(name="stack", environment=environment, template=template)
    assert stack.makes(repository()) == makes


def repository(name: str = "base") -> Repository:
    """A repository of the account 111111111111 in eu-west-1."""
    return Repository(name=name, account="111111111111", region="eu-west-1")


def test_a_folder_without_an_assembly_is_refused(tmp_path: Path) -> None:
    with refused(f"--app: {tmp_path} is not a cloud assembly; run cdk synth, or give the command of an app"):
        read_assembly(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("manifest.json", '{"version": "1", "artifacts": {"a": {}}}', "KeyError('type')"),
        (
            "manifest.json",
            '{"version": "1", "artifacts": []}',
            """AttributeError("'list' object has no attribute 'items'")""",
        ),
        (
            "stack.assets.json",
            '{"dockerImages": {"1": {"source": {"directory": "x"}}}}',
            "KeyError('destinations')",
        ),
    ],
)
def test_a_manifest_of_another_form_is_refused(name: str, content: str, error: str, tmp_path: Path) -> None:
    write_assembly(tmp_path, {})
    (tmp_path / name).write_text(content)
    with refused(
        f"--app: {tmp_path} has a manifest of a form that this release cannot read, got {error}; synthesize it again"
    ):
        read_assembly(tmp_path)
