"""How a base image comes into the store, and that a stand-in is called one."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cdk_local_aws.base_images import ensure_base_images, image_labels, unreachable
from cdk_local_aws.engine import Engine, Machine
from cdk_local_aws.stand_in_images import LABEL, LAMBDA_PYTHON, StandIn, docker

# A registry of which RFC 2606 says that it cannot exist: the stand-in is built on every network.
UNREACHABLE = "registry.invalid/lambda/python:3.13"
TOLD = f"stand-in for {UNREACHABLE} built from Debian trixie and PyPI's awslambdaric"


@pytest.fixture(scope="module")
def stand_in() -> StandIn:
    return replace(LAMBDA_PYTHON, image=UNREACHABLE)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the tests: what the first of them builds, the others load."""
    return tmp_path_factory.mktemp("base-images")


def test_a_registry_that_cannot_be_reached_is_named() -> None:
    assert (unreachable("registry.invalid") or "").startswith("registry.invalid cannot be reached (")


def test_any_change_of_the_recipe_makes_another_image(tmp_path: Path) -> None:
    copied = replace(LAMBDA_PYTHON, recipe=shutil.copytree(LAMBDA_PYTHON.recipe, tmp_path / "recipe"))
    assert copied.fingerprint() == LAMBDA_PYTHON.fingerprint()
    assert replace(copied, packages=("python3",)).fingerprint() != copied.fingerprint()
    before = copied.fingerprint()
    with (tmp_path / "recipe/lambda-entrypoint.sh").open("a") as file:
        file.write("\n")
    assert copied.fingerprint() != before


@pytest.mark.engine
def test_an_image_that_is_there_is_taken_as_it_is(
    engine: Engine, tmp_path: Path, said: list[str], stand_in: StandIn
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    docker(engine, "build", f"--tag={UNREACHABLE}", str(tmp_path))
    assert ensure_base_images(engine, state=tmp_path, say=said.append, stand_ins=[stand_in]) == ()
    assert said == []
    docker(engine, "image", "rm", UNREACHABLE)


@pytest.mark.engine
@pytest.mark.skipif(
    not Machine.here().takes_private_engine(), reason="stand-ins are built on Debian, as root"
)
class TestStandIn:
    """One stand-in through its life: built, used again, loaded into an empty store, replaced."""

    def ensure(self, engine: Engine, state: Path, said: list[str], stand_in: StandIn) -> str:
        assert ensure_base_images(engine, state=state, say=said.append, stand_ins=[stand_in]) == (
            UNREACHABLE,
        )
        labels = image_labels(engine, UNREACHABLE)
        assert labels is not None
        assert labels[LABEL] == "true"
        return docker(engine, "image", "inspect", "--format", "{{.Id}}", UNREACHABLE).strip()

    def test_it_is_built_where_the_registry_cannot_be_reached_and_said_so(
        self, engine: Engine, state: Path, said: list[str], stand_in: StandIn
    ) -> None:
        self.ensure(engine, state, said, stand_in)
        assert said[0].startswith(f"{UNREACHABLE} cannot be pulled: registry.invalid cannot be reached (")
        assert said[-1] == f"{TOLD}: it only resembles AWS's image"

    def test_it_is_said_again_when_it_is_there_already(
        self, engine: Engine, state: Path, said: list[str], stand_in: StandIn
    ) -> None:
        self.ensure(engine, state, said, stand_in)
        assert said == [f"{TOLD}: it only resembles AWS's image"]

    def test_an_emptied_store_gets_the_same_image_again_without_a_build(
        self, engine: Engine, state: Path, said: list[str], stand_in: StandIn
    ) -> None:
        before = self.ensure(engine, state, said, stand_in)
        docker(engine, "image", "rm", UNREACHABLE)
        docker(engine, "builder", "prune", "--all", "--force")
        said.clear()
        assert self.ensure(engine, state, said, stand_in) == before
        assert not any(line.startswith("building") for line in said)

    def test_it_is_one_manifest_that_lambda_takes_and_of_modest_size(
        self, engine: Engine, state: Path, said: list[str], stand_in: StandIn
    ) -> None:
        self.ensure(engine, state, said, stand_in)
        shown = json.loads(docker(engine, "image", "inspect", UNREACHABLE))[0]
        assert shown["Descriptor"]["mediaType"] in (
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
        )
        assert shown["Size"] < 100_000_000, "compressed"

    def test_it_does_not_name_the_mirror_that_it_was_made_from(
        self, engine: Engine, state: Path, said: list[str], stand_in: StandIn
    ) -> None:
        self.ensure(engine, state, said, stand_in)
        run = ["run", "--rm", "--network=host", "--entrypoint=/bin/sh", UNREACHABLE, "-c"]
        assert docker(engine, *run, "ls /etc/apt /etc/pip.conf 2>/dev/null || true").split() == [
            "/etc/apt:",
            "apt.conf.d",
            "preferences.d",
            "sources.list.d",
        ]
