"""A pipeline of CDK Pipelines whose synth step builds the images: run here, action by action, by its own template."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.pipeline import Pipeline
from tests.e2e.places import NewDeployment

pytestmark = pytest.mark.e2e

BASE, IMAGE = "Prod/images-base-shared/Image", "Prod/functions/Image"
ASSET_JOBS = {"Prod_images-base-shared_Image", "Prod_functions_Image", "ScopedImagesRegistry_Code"}


@pytest.fixture(scope="module")
def deployment(new_deployment: NewDeployment) -> Deployment:
    """The app, of which nothing is deployed."""
    return new_deployment("pipeline")


def run(deployment: Deployment, folder: Path, *, bakes: int) -> dict[str, str]:
    """Run the whole pipeline on an empty engine. Returns the digest of each image.

    bakes: how often the synth step runs `docker buildx bake`.
    """
    deployment.empty_engine()
    pipeline = Pipeline(deployment, folder)
    pipeline.run("Source")
    pipeline.run("Build")
    assert [line[:11] for line in pipeline.docker("Build")["Synth"]] == ["buildx bake"] * bakes
    pipeline.go_on("Synth_Output")
    assert pipeline.stages() == ["Source", "Build", "UpdatePipeline", "Assets", "Prod"]
    built = deployment.digests()
    pipeline.run("Assets")
    assert pipeline.docker("Assets") == {name: [] for name in ASSET_JOBS}
    pipeline.run("Prod")
    assert deployment.digests() == built
    assert runs(deployment) == built[IMAGE]
    below = deployment.layers(BASE)
    assert deployment.layers(IMAGE)[: len(below)] == below
    return built


def runs(deployment: Deployment) -> str:
    """The digest of the image that the function runs."""
    code = deployment.client("lambda").get_function(FunctionName="image")["Code"]
    return str(code["ImageUri"]).rpartition("@")[2]


@pytest.mark.nightly
def test_synth_refuses_a_pipeline_whose_asset_jobs_would_find_no_repository(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Without the build in the synth step, the asset jobs fail: the runs below can fail."""
    with pytest.raises(AssertionError, match="CDK Pipelines builds all images of a stage at once"):
        deployment.cdk("synth", "--quiet", "-c", "build=no")
    pipeline = Pipeline(deployment, tmp_path)
    pipeline.take_over("Synth_Output")
    with pytest.raises(AssertionError, match="No ECR repository named 'base-shared-local'"):
        pipeline.run("Assets")


@pytest.fixture(scope="module")
def first(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the first run has built, into an AWS without a repository."""
    deployment.cdk("synth", "--quiet")
    return run(deployment, tmp_path_factory.mktemp("first"), bakes=1)


def test_the_first_run_deploys_the_repositories_and_builds_both_images(first: dict[str, str]) -> None:
    assert first.keys() == {BASE, IMAGE}


@pytest.mark.nightly
def test_a_changed_base_is_built_before_its_dependent(
    deployment: Deployment, first: dict[str, str], tmp_path: Path
) -> None:
    (deployment.project / "base/base.txt").write_text("changed")
    second = run(deployment, tmp_path, bakes=1)
    assert first[BASE] != second[BASE]
    assert first[IMAGE] != second[IMAGE]


@pytest.mark.nightly
def test_an_old_commit_is_deployed_again_and_nothing_is_built(
    deployment: Deployment, first: dict[str, str], tmp_path: Path
) -> None:
    (deployment.project / "base/base.txt").write_text("a base\n")
    assert run(deployment, tmp_path, bakes=0) == first
