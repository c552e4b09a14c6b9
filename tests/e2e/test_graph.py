"""Further ways to build a chain and a diamond of bases: all of it nightly, beside test_bake.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.graph import ALL, DEPENDENTS, assert_built_from_bases, asset, change, names
from tests.e2e.places import NewDeployment

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]


@pytest.mark.parametrize("flags", [(), ("--no-asset-prebuild",)], ids=["default flags", "no prebuild"])
def test_images_are_built_in_order_from_nothing(
    flags: tuple[str, ...], new_deployment: NewDeployment
) -> None:
    """Also after one base was deployed by hand, as somebody tries it out."""
    deployment = new_deployment("graph")
    built = deployment.cdk("deploy", "graph-local-base-two", "--require-approval", "never")
    assert names(built) == {"one", "two"}
    assert names(deployment.deploy(*flags)) == ALL - {"one", "two"}
    assert_built_from_bases(deployment)


def test_publish_assets_builds_in_order_once_the_repositories_are_deployed(
    new_deployment: NewDeployment,
) -> None:
    """At first, when a base has changed, and nothing when it has changed back."""
    deployment = new_deployment("graph")
    deployment.cdk("deploy", "graph-local-repositories", "--require-approval", "never")
    publish = ("publish-assets", "--all", "--unstable=publish-assets", "--concurrency", "4")
    assert names(deployment.cdk(*publish)) == ALL
    assert_built_from_bases(deployment)

    file = deployment.project / "images/left/left.txt"
    first = file.read_text()
    change(deployment, "left")
    deployment.empty_engine()
    assert names(deployment.cdk(*publish)) == {"left"} | DEPENDENTS["left"]
    assert_built_from_bases(deployment)

    file.write_text(first)
    assert deployment.cdk(*publish) == []


def test_without_our_synthesizer_s_dependencies_the_base_is_missing(new_deployment: NewDeployment) -> None:
    """The tests above could fail: this is the assembly that a stock synthesizer writes."""
    deployment = new_deployment("graph")
    deployment.cdk("deploy", "graph-local-repositories", "--require-approval", "never")
    manifest = deployment.project / "cdk.out" / "manifest.json"
    content = json.loads(manifest.read_text())
    for name, artifact in content["artifacts"].items():
        if name.endswith(".assets"):
            artifact.pop("dependencies", None)
    manifest.write_text(json.dumps(content))
    with pytest.raises(AssertionError, match=r"base-(one|two|root|left|right)-local:sha-\w+: not found"):
        deployment.deploy("--app", "cdk.out", "--asset-build-concurrency", "4")


@pytest.fixture(scope="module")
def static(new_deployment: NewDeployment) -> Deployment:
    """The app with bases whose dependents are built from `stable`, deployed into nothing."""
    deployment = new_deployment("graph", environment="static")
    deployment.deploy("--concurrency", "4")
    assert_built_from_bases(deployment)
    return deployment


def bases(deployment: Deployment, *arguments: str) -> str:
    """What `scoped-images bases` prints in the app's folder."""
    done = subprocess.run(
        [Path(sys.executable).with_name("scoped-images"), "bases", *arguments, "--env", "static"],
        cwd=deployment.project,
        env=deployment.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_built_from_a_static_base_changes_when_that_is_refreshed_and_not_before(
    static: Deployment,
) -> None:
    """On one machine, whose engine still has the image that `stable` was at first."""
    old = static.layers(asset("tail", "static"))
    change(static, "three")
    assert names(static.rebuilt(static.deploy)) == {"three"}
    assert static.layers(asset("tail", "static")) == old

    assert "never refreshed" in bases(static, "refresh", "three", "--marks", "bases.lock")
    assert names(static.rebuilt(static.deploy)) == {"tail"}
    assert static.layers(asset("tail", "static")) != old
    assert_built_from_bases(static)

    assert "nothing changed" in bases(static, "refresh", "three", "--marks", "bases.lock")
    assert static.deploy() == []


def test_a_deleted_stable_is_put_back_by_restore(static: Deployment) -> None:
    stable = static.tags("base-three-static")["stable"]
    static.client("ecr").batch_delete_image(
        repositoryName="base-three-static", imageIds=[{"imageTag": "stable"}]
    )
    change(static, "tail")
    with pytest.raises(AssertionError, match="base-three-static:stable: not found"):
        static.deploy()

    bases(static, "restore", "three")
    assert static.tags("base-three-static")["stable"] == stable
    assert names(static.deploy()) == {"tail"}
    assert_built_from_bases(static)
