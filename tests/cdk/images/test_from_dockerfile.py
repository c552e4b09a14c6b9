"""One statement for one image: what it makes, and what stock CDK makes of the same Dockerfile."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from scoped_images import (
    BuildOptions,
    ImageRepository,
    OrderedAssets,
    Platform,
    ScopedImage,
    ScopedImagesError,
)
from tests.cdk.small_app import BOTH, PLACE

DOCKERFILE = "FROM scratch AS base\nARG MODE=one\nCOPY services/a/${MODE} /\nFROM base AS last\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository" / "services" / "a"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    for name in ("one", "two"):
        (folder / name).write_text(name)
    return tmp_path / "repository"


def app_in(root: Path, name: str = "cdk.out", **properties: Any) -> cdk.App:
    """An app as `cdk init` writes it: stock synthesizer, no account and no region."""
    return cdk.App(outdir=str(root.parent / name), **properties)


def image_in(stack: cdk.Stack, root: Path, **options: Any) -> ScopedImage:
    return ScopedImage.from_dockerfile(stack, "Image", root, "services/a/Dockerfile", **options)


def consumers_in(stack: cdk.Stack, code: lambda_.DockerImageCode, image: ecs.ContainerImage) -> None:
    lambda_.DockerImageFunction(stack, "Function", code=code)
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=image)


def resources(stack: cdk.Stack) -> dict[str, Any]:
    """The resources, without what names the image and without its architecture."""
    found: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    for resource in found.values():
        properties = resource.get("Properties", {})
        for key in ("Architectures", "RuntimePlatform", "Code"):
            properties.pop(key, None)
        for container in properties.get("ContainerDefinitions", []):
            container.pop("Image")
    return found


@pytest.mark.parametrize("env", [None, PLACE], ids=["without a place", "with a place"])
def test_everything_but_the_image_is_what_stock_makes(root: Path, env: cdk.Environment | None) -> None:
    ours = cdk.Stack(app_in(root), "App", env=env)
    image = image_in(ours, root)
    consumers_in(ours, image.to_lambda_code(), image.to_container_image())
    stock = cdk.Stack(app_in(root, "stock"), "App", env=env)
    consumers_in(
        stock,
        lambda_.DockerImageCode.from_image_asset(str(root), file="services/a/Dockerfile"),
        ecs.ContainerImage.from_asset(str(root), file="services/a/Dockerfile"),
    )
    assert resources(ours) == resources(stock)


def test_an_image_without_a_pin_adds_an_asset_and_nothing_else(root: Path) -> None:
    app = app_in(root)
    stack = cdk.Stack(app, "App")
    image_in(stack, root)
    template = Template.from_stack(stack).to_json()
    assert {key: list(value) for key, value in template.items()} == {
        "Parameters": ["BootstrapVersion"],
        "Rules": ["CheckBootstrapVersion"],
    }
    assert list(files_of(app, root)) == [{"services/a/one"}]


def test_the_context_is_what_the_dockerfile_reads_with_its_arguments_and_target(root: Path) -> None:
    app = app_in(root)
    stack = cdk.Stack(app, "App")
    image_in(stack, root, build_args={"MODE": "two"}, target="base")
    ScopedImage.from_dockerfile(
        stack,
        "ByOptions",
        root,
        "services/a/Dockerfile",
        options=BuildOptions(build_args={"MODE": "two"}, target="base"),
    )
    # Equal images are one asset.
    assert list(files_of(app, root)) == [{"services/a/two"}]


def test_every_platform_gets_what_is_included_from_an_iterator(root: Path) -> None:
    stack = cdk.Stack(app_in(root, default_stack_synthesizer=OrderedAssets()), "App", env=PLACE)
    (root / "further").write_text("further")
    options = {"include": iter(["further"]), "platforms": iter(BOTH)}
    image = image_in(
        stack, root, repository=ImageRepository.from_name(stack, "Repository", "app-dev"), **options
    )
    assert ["further" in {file.path for file in each.context.files} for each in image.specs] == [True, True]


def files_of(app: cdk.App, root: Path) -> list[set[str]]:
    """The files of each image of the app, without Dockerfiles."""
    app.synth()
    folders = list(root.parent.glob("cdk.out/scoped-context.*")) or [
        path for path in root.parent.glob("cdk.out/*") if path.is_dir()
    ]
    return [
        {
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and "Dockerfile" not in path.name
        }
        for folder in folders
    ]


@pytest.mark.parametrize(
    ("context", "platform"),
    [({}, Platform.LINUX_AMD64), ({"scoped-images:platform": "linux/arm64"}, Platform.LINUX_ARM64)],
)
def test_the_platform_is_the_app_s_and_not_the_machine_s(
    root: Path, context: dict[str, str], platform: Platform
) -> None:
    assert image_in(cdk.Stack(app_in(root, context=context), "App"), root).platforms == (platform,)


def test_an_unknown_platform_of_the_app_is_named(root: Path) -> None:
    stack = cdk.Stack(app_in(root, context={"scoped-images:platform": "arm64"}), "App")
    with pytest.raises(ScopedImagesError) as caught:
        image_in(stack, root)
    assert str(caught.value).startswith("scoped-images:platform: must be one of 'linux/amd64'")


@pytest.mark.parametrize("value", [Path("x"), b"x", date(2020, 1, 1)])
def test_a_build_argument_that_jsii_cannot_take_is_named(root: Path, value: Any) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        image_in(cdk.Stack(app_in(root), "App"), root, options=BuildOptions(build_args={"V": value}))
    assert str(caught.value).startswith(f"build_args['V']: must be text, got {value!r} of type ")
