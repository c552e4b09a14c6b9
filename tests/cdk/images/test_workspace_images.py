"""One object for every image of a repository: what it makes, in which order, and what takes its parts' place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from scoped_images import (
    BaseGraph,
    BaseImages,
    BuildOptions,
    ImageLifecycle,
    ImagePruner,
    ImageRepository,
    ImagesLock,
    Platform,
    RemoteBuilder,
    Retention,
    ScopedContext,
    UpstreamImages,
    WorkspaceImages,
)
from tests.cdk.workspace import REGISTRY, environment, images_in, sources, stack_in
from tests.refusals import refused


def test_it_makes_what_the_images_need_each_in_its_stack_and_in_order(app: cdk.App, root: Path) -> None:
    images = images_in(app, root, environment(pruning="delete", builder="local"))
    stack = stack_in(app)
    image = images.image(stack, "UploadImage", "lambdas/upload_all")
    lambda_.DockerImageFunction(stack, "Upload", code=image.to_lambda_code())
    images.image(stack, "SiteImage", "services/web_site")
    (upload, site) = sources(app, "shop-dev-functions")
    assert upload["dockerBuildArgs"]["BASE_IMAGE_URI"] == images.bases["shared"].uri
    assert upload["cacheFrom"][0]["params"]["ref"] == f"{REGISTRY}/upload-all-dev:cache-linux-amd64"
    assert "dockerBuildArgs" not in site
    assembly = app.synth()
    waits = {each.id: {other.id for other in each.dependencies} for each in assembly.stacks}
    assert waits["shop-dev-base-shared"] >= {"shop-dev-repositories"}
    assert waits["shop-dev-functions"] >= {"shop-dev-repositories", "shop-dev-base-shared"}
    assert [each.stack_name for each in images.stacks] == [
        "shop-dev-repositories",
        "shop-dev-base-shared",
        "shop-dev-pruner",
    ]
    repositories = Template.from_stack(images.repositories).find_resources("AWS::ECR::Repository").values()
    assert [each["Properties"]["RepositoryName"] for each in repositories] == [
        "base-shared-dev",
        "upload-all-dev",
        "web-site-dev",
    ]
    assert images.pruner is not None
    settings = images.pruner.settings
    assert settings.repositories == ("base-shared-dev", "upload-all-dev", "web-site-dev")
    assert settings.bases == ("base-shared-dev",)
    pruner = Template.from_stack(cdk.Stack.of(images.pruner))
    variables = {"Variables": {"PRUNER_SETTINGS": settings.to_text()}}
    pruner.has_resource_properties("AWS::Lambda::Function", {"Environment": variables})
    (deleted,) = [
        json.dumps(statement["Resource"])
        for policy in pruner.find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "ecr:BatchDeleteImage"
    ]
    assert all(f"repository/{name}" in deleted for name in settings.repositories)


def test_the_bases_are_derived_as_the_arguments_say(app: cdk.App, root: Path) -> None:
    (root / "old").mkdir()
    (root / "old" / "pyproject.toml").write_text('[project]\nname = "shared"\nversion = "0"\n')
    images = images_in(
        app,
        root,
        packages=["packages/*", "lambdas/*", "old"],
        exclude=["old"],
        public_image="python:3.12-slim",
        platforms=[Platform.LINUX_ARM64, Platform.LINUX_AMD64],
    )
    amd64, arm64 = sorted(sources(app, "shop-dev-base-shared"), key=lambda source: str(source["platform"]))
    assert [amd64["platform"], arm64["platform"]] == ["linux/amd64", "linux/arm64"]
    dockerfile = Path(app.outdir, amd64["directory"], amd64.get("dockerFile", "Dockerfile")).read_text()
    assert "ARG PUBLIC_IMAGE=python:3.12-slim\n" in dockerfile
    assert images.bases["shared"].platforms == (Platform.LINUX_ARM64, Platform.LINUX_AMD64)


def test_without_pruning_ecr_keeps_the_newest_images(app: cdk.App, root: Path) -> None:
    images = images_in(app, root, environment(max_images=3))
    assert images.pruner is None
    (repository,) = Template.from_stack(images.repositories).find_resources("AWS::ECR::Repository").values()
    assert "keep the newest 3 images" in repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]


def test_every_image_is_built_on_aws_where_the_environment_says_so(app: cdk.App, root: Path) -> None:
    images = images_in(app, root, environment(builder="remote", pruning=None))
    stack = stack_in(app)
    images.image(stack, "Image", "lambdas/upload_all")
    Template.from_stack(stack).resource_count_is("Custom::ScopedImagesRemoteBuild", 1)
    assert "shop-dev-builder" in {each.stack_name for each in images.stacks}


def pinned(digit: str) -> ImagesLock:
    return ImagesLock(images={"node:24": f"sha256:{digit * 64}"})


@pytest.mark.parametrize(
    ("of_the_workspace", "of_the_image", "read"),
    [
        ({}, {}, f"{REGISTRY}/docker-hub/library/node@sha256:{'1' * 64}"),
        ({"upstream": UpstreamImages(lock=pinned("2"))}, {}, f"node@sha256:{'2' * 64}"),
        (
            {"upstream": UpstreamImages(lock=pinned("2"))},
            {"upstream": UpstreamImages(lock=pinned("3"))},
            f"node@sha256:{'3' * 64}",
        ),
    ],
    ids=["the repository and the environment", "the workspace", "the image"],
)
def test_pins_and_mirrors_are_those_of_the_innermost_that_has_any(
    app: cdk.App, root: Path, of_the_workspace: dict[str, Any], of_the_image: dict[str, Any], read: str
) -> None:
    """And of the other options an image has its own only."""
    (root / "dockerfiles").mkdir()
    pinned("1").write(root / "dockerfiles" / "images.lock")
    images = images_in(
        app,
        root,
        environment(mirrors={"docker.io": f"{REGISTRY}/docker-hub"}),
        options=BuildOptions(build_args={"A": "1"}, **of_the_workspace),
    )
    options = BuildOptions(no_cache=True, **of_the_image)
    images.image(stack_in(app), "Image", "services/web_site", options=options)
    (source,) = sources(app, "shop-dev-functions")
    assert source["dockerBuildContexts"] == {"node:24": f"docker-image://{read}"}
    assert source["cacheDisabled"] is True
    assert "dockerBuildArgs" not in source


def test_each_part_can_be_given(app: cdk.App, root: Path) -> None:
    env, place = environment(builder="remote", pruning="delete"), environment().place
    home, prune = cdk.Stack(app, "Home", env=place), cdk.Stack(app, "Prune", env=place)
    pruner = ImagePruner(
        prune, "P", environment_name="mine", repositories=["other"], retention=Retention(max_images=1)
    )
    builder = RemoteBuilder(cdk.Stack(app, "Builder", env=place), "Builder", environment_name="mine")
    bases = BaseImages(app, env, bases=BaseGraph.of([]), prefix="mine", repositories=home)
    images = images_in(
        app,
        root,
        env,
        bases=bases,
        repositories=home,
        pruner=pruner,
        builder=builder,
        options=BuildOptions(no_cache=True),
    )
    repository = ImageRepository(
        home, "Own", repository_name="own", lifecycle=ImageLifecycle(max_images=1, untagged_days=1)
    )
    image = images.image(
        stack_in(app),
        "Image",
        "lambdas/upload_all",
        context=ScopedContext.of(root / "services" / "web_site"),
        platform=Platform.LINUX_ARM64,
        repository=repository,
        pin_digest=False,
    )
    images.repository("further")
    assert images.stacks == []
    assert (image.address, image.platforms) == (repository.address, (Platform.LINUX_ARM64,))
    assert image.specs[0].base is None
    assert image.specs[0].options.no_cache
    assert pruner.settings.repositories == ("other", "further-dev")


def test_outputs_are_named_after_the_workloads(app: cdk.App, root: Path) -> None:
    images = images_in(app, root)
    stack = stack_in(app)
    images.image(stack, "Image", "lambdas/upload_all")
    images.add_outputs()
    assert sorted(Template.from_stack(stack).find_outputs("*")) == [
        "UploadAllBuildCommand",
        "UploadAllImageDigest",
        "UploadAllImageUri",
    ]
    assert "UploadAllRepositoryUri" in Template.from_stack(images.repositories).find_outputs("*")


def test_outputs_of_one_workload_twice_in_a_stack_need_a_name(app: cdk.App, root: Path) -> None:
    images = images_in(app, root)
    stack = stack_in(app)
    images.image(stack, "Image", "lambdas/upload_all")
    worker = images.image(stack, "Worker", "lambdas/upload_all")
    with refused(
        "outputs: 'shop-dev-functions/Image' and 'shop-dev-functions/Worker' are images of one workload, got "
        "'UploadAll' for both; call image.add_outputs(name=…) of one of them first"
    ):
        images.add_outputs()
    worker.add_outputs(name="Worker")
    images.add_outputs()
    assert {"UploadAllImageUri", "WorkerImageUri"} <= Template.from_stack(stack).find_outputs("*").keys()


def test_two_environments_fit_into_one_app(app: cdk.App, root: Path) -> None:
    for name, account in (("dev", "111111111111"), ("prod", "333333333333")):
        env = environment(name=name, account=account)
        images = WorkspaceImages(app, env, prefix=f"shop-{name}", root=root)
        images.image(cdk.Stack(app, f"shop-{name}", env=env.place), "Image", "lambdas/upload_all")
    errors = [m.entry.data for s in app.synth().stacks for m in s.messages if m.level.name == "ERROR"]
    assert errors == []
