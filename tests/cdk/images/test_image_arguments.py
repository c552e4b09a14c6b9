"""Arguments of an image that jsii or CDK would refuse obscurely, or take in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_ecr_assets

from scoped_images import BuildOptions, Platform, RegistryCache, ScopedImagesError
from tests.cdk.small_app import BOTH, SmallApp


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"platform": aws_ecr_assets.Platform.LINUX_AMD64},
            "platform: must be a Platform of scoped_images, got aws_cdk.aws_ecr_assets.Platform; from scoped_images "
            "import Platform, and pass Platform.LINUX_AMD64",
        ),
        ({"platform": "arm64"}, "platform: must be one of 'linux/amd64', 'linux/arm64', got 'arm64'"),
        (
            {"platform": Platform.LINUX_ARM64, "platforms": BOTH},
            "platform: 'App/Image' takes either platform or platforms, got both; pass",
        ),
        (
            {"platforms": BOTH},
            "repository: 'App/Image' needs one, which keeps the index over its platforms, got None; pass an",
        ),
        (
            {"named_bases": {"b": "./x"}},
            "named_bases['b'] of 'App/Image': './x' is not the name of an image; write it like",
        ),
        (
            {"named_bases": {"b": Path("x")}},
            "named_bases['b'] of 'App/Image': must be BaseImage or str, got PosixPath; use a base image, or the URI of "
            "an image that the app does not build, and put folders into build_contexts of the context",
        ),
        (
            {"options": BuildOptions(cache="app")},
            "cache: CDK's own repository takes none, got 'app' for 'App/Image'; give the image repository=",
        ),
        (
            {"moving_tag": "dev"},
            "moving_tag: tags of CDK's own repository never move, got 'dev' for 'App/Image'; give the image",
        ),
        (
            {"moving_tag": "stable"},
            "moving_tag of 'App/Image': 'stable' is the library's own, got 'stable'; use another name, such as 'dev'",
        ),
        (
            {"moving_tag": "sha-1"},
            "moving_tag of 'App/Image': 'sha-*' is the library's own, got 'sha-1'; use another name, such as 'dev'",
        ),
        (
            {"moving_tag": "a/b"},
            "moving_tag of 'App/Image': must be a tag of 1-128 letters, digits, '.', '_' and '-', got 'a/b'; use a",
        ),
        (
            {"context": lambda _: "x"},
            "context of 'App/Image': must be ScopedContext, got str 'x'; have the function return one",
        ),
        (
            {"options": BuildOptions(target="prod")},
            "target: Dockerfile has no such stage, got 'prod'; none of its stages has a name",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_jsii_would_refuse_obscurely_is_named(
    small_app: SmallApp, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        small_app.image(small_app.stack("App"), **options)
    assert str(caught.value).startswith(message)


def test_a_platform_may_be_text(small_app: SmallApp) -> None:
    assert small_app.image(small_app.stack("App"), platform="linux/amd64").platforms == (
        Platform.LINUX_AMD64,
    )


def test_a_cache_for_another_platform_is_refused(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    cache = RegistryCache(repository=repository.address, platform=Platform.LINUX_AMD64)
    with pytest.raises(
        ScopedImagesError,
        match="cache: a cache holds one platform, got linux/amd64 for",
    ):
        small_app.image(small_app.stack("App"), repository=repository, options=BuildOptions(cache=cache))


def test_a_cache_without_its_repository_is_refused(small_app: SmallApp) -> None:
    """Else nothing makes the build wait for the repository, and the first cache is lost in silence."""
    repository = small_app.repository("app-dev")
    cache = RegistryCache(repository=repository.address, platform=Platform.LINUX_ARM64)
    with pytest.raises(ScopedImagesError, match="pass that ImageRepository as repository="):
        small_app.image(small_app.stack("App"), options=BuildOptions(cache=cache))
