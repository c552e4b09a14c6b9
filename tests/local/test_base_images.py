"""How a base image comes into the store, and that a stand-in is reported."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdk_local_aws import stand_in_images
from cdk_local_aws.base_images import ensure_base_images, image_labels, unreachable
from cdk_local_aws.engine import Engine, Machine
from cdk_local_aws.stand_in_images import LABEL, LAMBDA_PYTHON, StandIn, docker

# RFC 2606 reserves this name, so the stand-in is built on every network.
UNREACHABLE = "registry.invalid/lambda/python:3.13"
REPORTED = f"stand-in for {UNREACHABLE} built from Debian: it only resembles AWS's image"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A stand-in with one file in place of a root file system of Debian, which takes a minute."""
    recipe = tmp_path_factory.mktemp("recipe")
    (recipe / "Dockerfile").write_text("FROM scratch\nADD debian.tar /\n")

    def one_file(stand_in: StandIn, tar: Path) -> None:
        with tarfile.open(tar, "w") as archive:
            archive.add(stand_in.recipe / "Dockerfile", "Dockerfile")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stand_in_images, "make_debian_tar", one_file)
        yield StandIn(UNREACHABLE, recipe, suite="trixie", packages=(), made_of="Debian")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all tests: the first builds an archive, the others load it."""
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
def test_an_image_in_the_store_is_used_as_it_is(
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
    """A stand-in is built, used again, and loaded into an empty store."""

    def ensure(self, engine: Engine, state: Path, said: list[str], stand_in: StandIn) -> str:
        assert ensure_base_images(engine, state=state, say=said.append, stand_ins=[stand_in]) == (
            UNREACHABLE,
        )
        labels = image_labels(engine, UNREACHABLE)
        assert labels is not None
        assert labels[LABEL] == "true"
        return docker(engine, "image", "inspect", "--format", "{{.Id}}", UNREACHABLE).strip()

    def test_it_is_built_if_the_registry_cannot_be_reached_and_reported(
        self, engine: Engine, state: Path, said: list[str], stand_in: StandIn
    ) -> None:
        self.ensure(engine, state, said, stand_in)
        assert said[0].startswith(f"{UNREACHABLE} cannot be pulled: registry.invalid cannot be reached (")
        assert said[-1] == REPORTED

    def test_it_is_reported_again_if_it_exists(
        self, engine: Engine, state: Path, said: list[str], stand_in: StandIn
    ) -> None:
        self.ensure(engine, state, said, stand_in)
        assert said == [REPORTED]

    def test_an_emptied_store_gets_the_same_image_again_without_a_build(
        self, engine: Engine, state: Path, said: list[str], stand_in: StandIn
    ) -> None:
        before = self.ensure(engine, state, said, stand_in)
        docker(engine, "image", "rm", UNREACHABLE)
        docker(engine, "builder", "prune", "--all", "--force")
        said.clear()
        assert self.ensure(engine, state, said, stand_in) == before
        assert not any(line.startswith("building") for line in said)
