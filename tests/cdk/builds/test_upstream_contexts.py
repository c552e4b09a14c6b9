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


def test_without_pins_and_mirrors_there_are_no_build_contexts(small_app: SmallApp) -> None:
    image(small_app)
    assert contexts(small_app) == {}


def test_a_pin_that_moves_makes_another_image_and_a_mirror_does_not(small_app: SmallApp) -> None:
    pinned, moved = (ImagesLock(images={LAMBDA: digest}) for digest in (PIN, OTHER))
    settings = [
        UpstreamImages(),
        UpstreamImages(lock=pinned),
        UpstreamImages(lock=moved),
        UpstreamImages(lock=pinned, mirrors={"public.ecr.aws": CACHE}),
    ]
    images = [image(small_app, upstream, f"S{number}") for number, upstream in enumerate(settings)]
    # CDK's own tag, a hash of the build's settings.
    tags = [one.tag for one in images]
    assert len(set(tags[:3])) == 3
    assert tags[3] == tags[1]


def test_an_entry_of_another_image_changes_nothing(small_app: SmallApp) -> None:
    one = ImagesLock(images={LAMBDA: PIN})
    more = ImagesLock(images={LAMBDA: PIN, "python:3.12": OTHER})
    assert (
        image(small_app, UpstreamImages(lock=one), "A").tag
        == image(small_app, UpstreamImages(lock=more), "B").tag
    )


def test_synth_warns_of_an_image_without_a_pin(small_app: SmallApp) -> None:
    made = image(small_app, UpstreamImages(lock=ImagesLock(images={"busybox": PIN})))
    found = Annotations.from_stack(cdk.Stack.of(made)).find_warning("*", Match.any_value())
    assert [entry.entry.data for entry in found if LAMBDA in str(entry.entry.data)] == [
        f"{LAMBDA} is not pinned, so no image is rebuilt when it changes; run scoped-images bases update "
        "[ack: scoped-images:upstream]"
    ]


def test_an_image_without_a_pin_is_named_once_for_all_that_use_it(small_app: SmallApp) -> None:
    stacks = [
        cdk.Stack.of(image(small_app, UpstreamImages(lock=ImagesLock(images={"busybox": PIN})), name))
        for name in ("A", "B")
    ]
    warned = [
        Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(f"{LAMBDA} is not pinned"))
        for stack in stacks
    ]
    assert len([each for found in warned for each in found]) == 1
