"""Pins and mirrors of external images in a spec."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.image.base_reference import BaseReference
from scoped_images.platform import Platform
from scoped_images.upstream.images import UpstreamImages
from scoped_images.upstream.lock import ImagesLock
from tests.refusals import refused
from tests.unit.image.specs import spec, spec_of
from tests.unit.workspace.repository import derived, packages

PUBLIC = "public.ecr.aws/lambda/python:3.13"
DIGESTS = [f"sha256:{digit * 64}" for digit in "12"]


@pytest.fixture
def public(tmp_path: Path) -> ScopedContext:
    (tmp_path / "Dockerfile").write_text(f"ARG BASE_IMAGE_URI\nFROM ${{BASE_IMAGE_URI:-{PUBLIC}}} AS prod\n")
    return ScopedContext.of(tmp_path)


def upstream(digest: str | None = None, **options: Any) -> UpstreamImages:
    return UpstreamImages(lock=ImagesLock(images={PUBLIC: digest} if digest else {}), **options)


def test_another_pin_of_an_image_that_it_is_built_from_changes_the_tag(public: ScopedContext) -> None:
    tags = {spec(public, upstream=upstream(digest)).content_tag for digest in (None, *DIGESTS)}
    assert len(tags) == 3


def test_a_pin_of_another_image_changes_no_tag(public: ScopedContext) -> None:
    further = ImagesLock(images={PUBLIC: DIGESTS[0], "python:3.12": DIGESTS[1]})
    tags = {
        spec(public, upstream=each).content_tag
        for each in (upstream(DIGESTS[0]), UpstreamImages(lock=further))
    }
    assert len(tags) == 1


def test_a_pin_of_what_a_base_of_ours_replaces_does_not_count(public: ScopedContext) -> None:
    base = BaseReference(uri="base:sha-1", identity="sha-1")
    tags = {spec(public, base=base, upstream=upstream(digest)).content_tag for digest in (None, *DIGESTS)}
    assert len(tags) == 1


def test_a_mirror_changes_where_an_image_is_read_from_and_no_tag(public: ScopedContext) -> None:
    mirrors = {"public.ecr.aws": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"}
    direct = spec(public, upstream=upstream(DIGESTS[0]))
    mirrored = spec(public, upstream=upstream(DIGESTS[0], mirrors=mirrors))
    assert direct.content_tag == mirrored.content_tag
    assert direct.image_contexts == {PUBLIC: f"docker-image://public.ecr.aws/lambda/python@{DIGESTS[0]}"}
    assert mirrored.image_contexts == {
        PUBLIC: f"docker-image://{mirrors['public.ecr.aws']}/lambda/python@{DIGESTS[0]}"
    }


def test_required_pins_name_a_context_that_is_a_moving_image(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY --from=tools /a /\n")
    context = ScopedContext.from_dockerfile(
        tmp_path, platform=Platform.LINUX_AMD64, build_contexts={"tools": "docker-image://tools:1"}
    )
    with refused(
        "require_pins: Dockerfile must name each external image by a digest or have its pin in the lock file, got "
        "docker-image://tools:1; append @sha256:<digest> to it in build_contexts"
    ):
        spec(context, upstream=UpstreamImages(require_pins=True))


def test_a_required_pin_that_is_missing_is_refused_with_the_command_that_makes_it(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.13\n")
    packages(tmp_path, {"app": ["lib"], "lib": []})
    base = derived(tmp_path)["lib"]
    for context, image, option in (
        (ScopedContext.of(tmp_path), "python:3.13", ""),
        (base.context(), PUBLIC, " --derived"),
        (replace(base, public_image="python:3.12").context(), "python:3.12", " --public-image python:3.12"),
        (replace(base, dockerfile=tmp_path / "Dockerfile").context(), "python:3.13", ""),
    ):
        with refused(
            f"require_pins: {context.dockerfile.name} must name each external image by a digest or have its pin in the "
            f"lock file, got {image}; run scoped-images bases update{option}"
        ):
            spec(context, upstream=UpstreamImages(require_pins=True))


def test_a_required_pin_is_in_the_dockerfile_or_in_the_lock(tmp_path: Path) -> None:
    text = f"FROM python:3.13\nCOPY --from=tools@{DIGESTS[0]} /a /a\n"
    lock = ImagesLock(images={"python:3.13": DIGESTS[0]})
    made = spec_of(tmp_path, text, upstream=UpstreamImages(lock=lock, require_pins=True))
    assert made.warnings["upstream"] == ()
