"""Pins and mirrors reach the asset manifest as the build contexts that BuildKit looks up."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Annotations, Match

from scoped_images import BuildOptions, Platform, ScopedContext, ScopedImage
from scoped_images.upstream.images import UpstreamImages
from scoped_images.upstream.lock import ImagesLock
from tests.cdk.small_app import SmallApp

LAMBDA = "public.ecr.aws/lambda/python:3.13"
PIN, OTHER = "sha256:" + "0" * 64, "sha256:" + "1" * 64
CACHE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"
DOCKERFILE = f"""\
ARG BASE_IMAGE_URI={LAMBDA}
FROM ${{BASE_IMAGE_URI}}
COPY --from=busybox /bin/busybox /b
COPY --from=team/tool:1@{OTHER} / /t
COPY code.py /
"""


def image(
    small_app: SmallApp, upstream: UpstreamImages | None = None, name: str = "Image", **stack_options: Any
) -> ScopedImage:
    folder = small_app.directory / "app"
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "code.py").write_text("1")
    context = ScopedContext.from_dockerfile(folder, platform=Platform.LINUX_ARM64)
    stack = small_app.stack(name, **stack_options)
    options = BuildOptions(upstream=upstream or UpstreamImages())
    return ScopedImage(
        stack,
        "Image",
        context=context,
        platform=Platform.LINUX_ARM64,
        options=options,
    )


def contexts(small_app: SmallApp, name: str = "Image") -> dict[str, str]:
    (asset,) = small_app.synth()[f"{name}.assets.json"]["dockerImages"].values()
    return dict(asset["source"].get("dockerBuildContexts", {}))


def test_names_of_images_and_references_pass_through_cdk_unharmed(small_app: SmallApp) -> None:
    """Colons, slashes and an at sign among them, on both sides."""
    mirrors = {"public.ecr.aws": CACHE, "docker.io": "hub.example/hub"}
    image(small_app, UpstreamImages(lock=ImagesLock(images={LAMBDA: PIN}), mirrors=mirrors))
    assert contexts(small_app) == {
        LAMBDA: f"docker-image://{CACHE}/lambda/python@{PIN}",
        "busybox": "docker-image://hub.example/hub/library/busybox:latest",
        f"team/tool:1@{OTHER}": f"docker-image://hub.example/hub/team/tool@{OTHER}",
    }


def test_an_image_without_a_pin_is_named_once_for_all_that_use_it(small_app: SmallApp) -> None:
    upstream = UpstreamImages(lock=ImagesLock(images={"busybox": PIN}))
    stacks = [cdk.Stack.of(image(small_app, upstream, name)) for name in ("A", "B")]
    found = [
        str(each.entry.data)
        for stack in stacks
        for each in Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(LAMBDA))
    ]
    assert found == [
        f"{LAMBDA} is not pinned, so no image is rebuilt when it changes; run scoped-images bases update "
        "[ack: scoped-images:upstream]"
    ]
