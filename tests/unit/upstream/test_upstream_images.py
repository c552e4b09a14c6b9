"""Pins and mirrors: what a build reads in place of an image, and what its fingerprint counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoped_images.upstream.images import UpstreamImages
from scoped_images.upstream.lock import ImagesLock
from tests.refusals import refused

PIN, OTHER = "sha256:" + "0" * 64, "sha256:" + "1" * 64
LAMBDA = "public.ecr.aws/lambda/python:3.13"
CACHE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"
LOCK = ImagesLock(images={LAMBDA: PIN, "python:3.13": PIN})
PINNED = UpstreamImages(lock=LOCK)
MIRRORED = UpstreamImages(mirrors={"public.ecr.aws": CACHE, "docker.io": "hub.example/hub"})
BOTH = UpstreamImages(lock=LOCK, mirrors=MIRRORED.mirrors)


@pytest.mark.parametrize(
    ("upstream", "image", "context"),
    [
        (UpstreamImages(), LAMBDA, None),
        (PINNED, LAMBDA, f"public.ecr.aws/lambda/python@{PIN}"),
        (PINNED, "docker.io/library/python:3.13", f"python@{PIN}"),
        (PINNED, "python:3.12", None),
        (PINNED, f"python@{OTHER}", None),
        (MIRRORED, LAMBDA, f"{CACHE}/lambda/python:3.13"),
        (MIRRORED, "python", "hub.example/hub/library/python:latest"),
        (MIRRORED, "team/tool:1", "hub.example/hub/team/tool:1"),
        (MIRRORED, f"team/tool:1@{OTHER}", f"hub.example/hub/team/tool@{OTHER}"),
        (MIRRORED, "public.ecr.aws.example/a:1", None),
        (BOTH, LAMBDA, f"{CACHE}/lambda/python@{PIN}"),
        (BOTH, "python:3.13", f"hub.example/hub/library/python@{PIN}"),
    ],
)
def test_the_build_context_of_an_image(upstream: UpstreamImages, image: str, context: str | None) -> None:
    assert upstream.context_for(image) == (context and f"docker-image://{context}")


def test_the_longest_mirror_that_fits_counts() -> None:
    mirrors = {"a.example": "x.example", "a.example/team": "y.example/t", "a.example/te": "z.example"}
    upstream = UpstreamImages(mirrors=mirrors)
    assert upstream.context_for("a.example/team/tool:1") == "docker-image://y.example/t/tool:1"
    assert upstream.context_for("a.example/other:1") == "docker-image://x.example/other:1"


@given(st.sampled_from([LAMBDA, "python:3.13", "python", f"a/b@{OTHER}", "public.ecr.aws/x/y"]))
def test_the_identity_of_an_image_does_not_cover_its_mirror(image: str) -> None:
    """The same image through a mirror is the same image, with the same tag."""
    assert BOTH.identity(image) == PINNED.identity(image)
    assert MIRRORED.identity(image) == UpstreamImages().identity(image)


def test_a_pin_is_part_of_an_image_s_identity() -> None:
    moved = UpstreamImages(lock=ImagesLock(images={LAMBDA: OTHER}))
    assert PINNED.identity(LAMBDA) == f"public.ecr.aws/lambda/python@{PIN}"
    assert len({upstream.identity(LAMBDA) for upstream in (PINNED, moved, UpstreamImages())}) == 3


def test_an_image_with_a_digest_in_its_name_or_in_the_lock_is_pinned() -> None:
    assert PINNED.unpinned([LAMBDA, "busybox", f"a/b@{OTHER}"]) == ("busybox",)


def test_without_pins_and_mirrors_no_dockerfile_needs_to_be_read() -> None:
    assert [u.in_use for u in (UpstreamImages(), PINNED, MIRRORED)] == [False, True, True]


LIKE = "write it like public.ecr.aws or 111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        (f"https://{CACHE}", "must not have a scheme"),
        (f"{CACHE}/", "must not end with a slash"),
        ("cache", "must be a registry's host, or a host and a folder"),
        (f"{CACHE}:3.13", "must be a registry's host, or a host and a folder"),
        (None, "must be text"),
    ],
)
def test_a_malformed_mirror_is_an_error(place: Any, problem: str) -> None:
    with refused(f"mirrors['public.ecr.aws']: {problem}, got {place!r}; {LIKE}"):
        UpstreamImages(mirrors={"public.ecr.aws": place})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"mirrors": {"https://public.ecr.aws": CACHE}},
            f"mirrors, key 'https://public.ecr.aws': must not have a scheme, got 'https://public.ecr.aws'; {LIKE}",
        ),
        (
            {"mirrors": {"quay.io": "${Token[A.3]}.dkr.ecr.eu-west-1.amazonaws.com/a"}},
            "mirrors['quay.io']: must not be a token, got '${Token[A.3]}.dkr.ecr.eu-west-1.amazonaws.com/a'; images are "
            "built before CloudFormation knows its value, so write the account and region literally",
        ),
        (
            {"mirrors": ["public.ecr.aws"]},
            "mirrors: must be a registry and folder by registry, got ['public.ecr.aws']; write {'public.ecr.aws': '…'}",
        ),
        (
            {"lock": "dockerfiles/images.lock"},
            "lock: must be an ImagesLock, got 'dockerfiles/images.lock'; use ImagesLock.read('dockerfiles/images.lock')",
        ),
    ],
    ids=["a key", "a token", "no mapping", "the path of a lock"],
)
def test_a_wrong_option_is_an_error(options: dict[str, Any], message: str) -> None:
    with refused(message):
        UpstreamImages(**options)
