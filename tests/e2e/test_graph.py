"""A chain of three bases and a diamond of four: built in order, rebuilt exactly, healed; images of a file each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.places import NewDeployment
from tests.e2e.registry_proxy import registry_proxy

pytestmark = pytest.mark.e2e

STACKS_ON = {
    "one": {"two", "three", "tail"},
    "two": {"three", "tail"},
    "three": {"tail"},
    "root": {"left", "right", "top", "peak"},
    "left": {"top", "peak"},
    "right": {"top", "peak"},
    "top": {"peak"},
    "tail": set(),
    "peak": set(),
}
ALL = set(STACKS_ON)


def asset(name: str, environment: str = "local") -> str:
    """The display name of an image of the app."""
    if name in ("tail", "peak"):
        return f"graph-{environment}-workloads/{name}"
    return f"graph-{environment}-base-{name}/Image"


def names(assets: list[str] | set[str]) -> set[str]:
    """The images' names in the app, from their display names."""
    known = {asset(name, environment): name for name in ALL for environment in ("local", "static")}
    return {known[each] for each in assets}


def change(deployment: Deployment, name: str) -> None:
    """Another file in an image."""
    with (deployment.project / "images" / name / f"{name}.txt").open("a") as file:
        file.write("changed\n")


def assert_stands(deployment: Deployment) -> None:
    """Each image has the layers of what it was built FROM below its own."""
    for lower, upper in (
        ("one", "two"),
        ("two", "three"),
        ("three", "tail"),
        ("root", "left"),
        ("root", "right"),
        ("left", "top"),
        ("top", "peak"),
    ):
        base = deployment.layers(asset(lower, deployment.environment))
        assert deployment.layers(asset(upper, deployment.environment))[: len(base)] == base, (lower, upper)


@pytest.mark.parametrize(
    ("flags", "delay"),
    [
        ((), 0),
        (("--no-asset-prebuild",), 0),
        (("--asset-build-concurrency", "4", "--concurrency", "4"), 0.3),
    ],
    ids=["default flags", "no prebuild", "concurrency 4 and a slow registry"],
)
def test_chain_and_diamond_are_built_in_order_from_nothing(
    flags: tuple[str, ...], delay: float, new_deployment: NewDeployment
) -> None:
    deployment = new_deployment("graph")
    with registry_proxy(deployment.env.port, delay=delay) as proxy:
        deployment.registry_port = proxy.server_port if delay else None
        assert names(deployment.deploy(*flags)) == ALL
    assert_stands(deployment)


def test_publish_assets_builds_in_order_once_the_repositories_are_deployed(
    new_deployment: NewDeployment,
) -> None:
    """At first, when a base has changed, and nothing when it has changed back."""
    deployment = new_deployment("graph")
    deployment.cdk("deploy", "graph-local-repositories", "--require-approval", "never")
    publish = ("publish-assets", "--all", "--unstable=publish-assets", "--concurrency", "4")
    assert names(deployment.cdk(*publish)) == ALL
    assert_stands(deployment)

    file = deployment.project / "images/left/left.txt"
    first = file.read_text()
    change(deployment, "left")
    deployment.empty_engine()
    assert names(deployment.cdk(*publish)) == {"left"} | STACKS_ON["left"]
    assert_stands(deployment)

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
def deployed(new_deployment: NewDeployment) -> Deployment:
    """The app, deployed a base at a time at first, as somebody tries it out."""
    deployment = new_deployment("graph")
    built = deployment.cdk("deploy", "graph-local-base-two", "--require-approval", "never")
    assert names(built) == {"one", "two"}
    return deployment


def test_a_base_that_was_deployed_by_hand_is_not_built_again(deployed: Deployment) -> None:
    assert names(deployed.deploy("--concurrency", "4")) == ALL - {"one", "two"}
    assert_stands(deployed)


@pytest.mark.parametrize("name", ["two", "right"])
def test_a_change_rebuilds_an_image_and_what_stands_on_it(deployed: Deployment, name: str) -> None:
    change(deployed, name)
    assert names(deployed.rebuilt(deployed.deploy)) == {name} | STACKS_ON[name]
    assert_stands(deployed)


def test_a_change_of_one_dockerfile_rebuilds_its_image_and_what_stands_on_it(deployed: Deployment) -> None:
    dockerfile = deployed.project / "meeting.Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "LABEL changed=1\n")
    assert names(deployed.rebuilt(deployed.deploy)) == {"top", "peak"}


def test_a_deleted_base_comes_back_under_its_tag_before_what_is_built_on_it(deployed: Deployment) -> None:
    (tag,) = {destination["imageTag"] for destination in deployed.destinations(asset("two"))}
    deployed.client("ecr").batch_delete_image(repositoryName="base-two-local", imageIds=[{"imageTag": tag}])
    assert tag not in deployed.tags("base-two-local")
    change(deployed, "three")
    deployed.empty_engine()
    assert names(deployed.deploy("--asset-build-concurrency", "4")) == {"two", "three", "tail"}
    assert tag in deployed.tags("base-two-local")
    assert_stands(deployed)
    assert deployed.deploy() == []


@pytest.fixture(scope="module")
def static(new_deployment: NewDeployment) -> Deployment:
    """The app with bases whose dependents are built from `stable`, deployed into nothing."""
    deployment = new_deployment("graph", environment="static")
    deployment.deploy("--concurrency", "4")
    assert_stands(deployment)
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


def test_what_stands_on_a_static_base_moves_when_that_is_refreshed_and_not_before(static: Deployment) -> None:
    """On one machine, whose engine still has the image that `stable` was at first."""
    old = static.layers(asset("tail", "static"))
    change(static, "three")
    assert names(static.rebuilt(static.deploy)) == {"three"}
    assert static.layers(asset("tail", "static")) == old

    assert "never refreshed" in bases(static, "refresh", "three", "--marks", "bases.lock")
    assert names(static.rebuilt(static.deploy)) == {"tail"}
    assert static.layers(asset("tail", "static")) != old
    assert_stands(static)

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
    assert_stands(static)
