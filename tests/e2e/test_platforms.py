"""One image for two platforms: an index for containers, a manifest of one platform for a function."""

from __future__ import annotations

import pytest

from tests.e2e.bake import build
from tests.e2e.deployment import Deployment
from tests.e2e.places import NewDeployment

pytestmark = pytest.mark.e2e

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@pytest.fixture(scope="module")
def deployed(new_deployment: NewDeployment) -> Deployment:
    """The app, deployed into nothing after one bake of both platforms."""
    deployment = new_deployment("platforms")
    deployment.cdk("synth", "--quiet")
    assert len(build(deployment, "--app", "cdk.out", "--deploy-first")["pushed"]) == 4
    assert deployment.deploy("--app", "cdk.out", "--concurrency", "4") == []
    return deployment


def platforms(deployment: Deployment, repository: str, digest: str) -> dict[str, str]:
    """Digest of each platform's manifest in an index."""
    index = deployment.manifest(repository, digest)
    assert index["mediaType"] == INDEX
    return {
        f"{entry['platform']['os']}/{entry['platform']['architecture']}": entry["digest"]
        for entry in index["manifests"]
    }


def task_image(deployment: Deployment) -> str:
    """The image of the container in the task definition that the stack has."""
    resources = deployment.client("cloudformation").describe_stack_resources(StackName="platforms-workloads")
    (task,) = (
        each["PhysicalResourceId"]
        for each in resources["StackResources"]
        if each["ResourceType"] == "AWS::ECS::TaskDefinition"
    )
    shown = deployment.client("ecs").describe_task_definition(taskDefinition=task)
    image: str = shown["taskDefinition"]["containerDefinitions"][0]["image"]
    return image


def test_the_task_s_image_is_an_index_of_both_platforms(deployed: Deployment) -> None:
    repository, _, digest = task_image(deployed).rpartition("/")[2].partition("@")
    found = platforms(deployed, repository, digest)
    assert found.keys() == {"linux/amd64", "linux/arm64"}
    for each in found.values():
        assert deployed.manifest(repository, each)["mediaType"] in MANIFESTS
    assert set(found.values()) < set(deployed.tags(repository).values())


def test_the_function_s_image_is_the_manifest_of_its_platform(deployed: Deployment) -> None:
    uri = deployed.client("lambda").get_function(FunctionName="foreign")["Code"]["ImageUri"]
    repository, _, digest = task_image(deployed).rpartition("/")[2].partition("@")
    assert uri.rpartition("@")[2] == platforms(deployed, repository, digest)["linux/arm64"]


def test_each_platform_is_built_from_the_base_s_layers_for_it(deployed: Deployment) -> None:
    base = platforms(deployed, "base-both-local", deployed.tags("base-both-local")["stable"])
    image = platforms(deployed, *task_image(deployed).rpartition("/")[2].split("@"))
    for platform in ("linux/amd64", "linux/arm64"):
        lower = deployed.manifest("base-both-local", base[platform])["layers"]
        upper = deployed.manifest("image-local", image[platform])["layers"]
        assert upper[: len(lower)] == lower
        assert len(upper) > len(lower)


@pytest.mark.nightly
def test_after_a_failed_deploy_the_first_commit_is_deployed_again_and_nothing_is_built(
    deployed: Deployment,
) -> None:
    file = deployed.project / "base" / "base.txt"
    first = file.read_text()
    task, stable = task_image(deployed), deployed.tags("base-both-local")["stable"]
    file.write_text("fails")
    deployed.cdk("synth", "--quiet", "-c", "fail=yes")
    assert len(build(deployed)["pushed"]) == 4
    with pytest.raises(AssertionError):
        deployed.deploy("--app", "cdk.out")
    assert deployed.built() == []
    assert task_image(deployed) == task
    file.write_text(first)
    deployed.cdk("synth", "--quiet")
    assert build(deployed)["pushed"] == {}
    assert deployed.deploy("--app", "cdk.out") == []
    assert (task_image(deployed), deployed.tags("base-both-local")["stable"]) == (task, stable)


def test_the_cli_builds_a_changed_base_and_the_image_on_it(deployed: Deployment) -> None:
    with (deployed.project / "base" / "base.txt").open("a") as file:
        file.write("changed")
    old = deployed.tags("base-both-local")["stable"]
    assert deployed.deploy() == ["platforms-base-both/Image", "platforms-workloads/Image"]
    assert deployed.tags("base-both-local")["stable"] != old
    test_each_platform_is_built_from_the_base_s_layers_for_it(deployed)
