"""Mirrors of public registries: an ECR pull-through cache, or a registry in an air-gapped network."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scoped_images.ecr.image_name import ImageName, is_host
from scoped_images.errors import ScopedImagesError

_PLACE = re.compile(r"[^/@]+(/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


def expect_mirrors(places: Mapping[str, str]) -> Mapping[str, str]:
    """Return where images are pulled from, by registry, or by registry and folder.

    places: `{"public.ecr.aws": "<account>.dkr.ecr.<region>.amazonaws.com/ecr-public"}`. An official image of
        Docker Hub is below `docker.io/library`, as in every mirror of it.
    """
    if not isinstance(places, Mapping):
        raise ScopedImagesError(
            f"mirrors: must be a registry and folder by registry, got {places!r}; write {{'public.ecr.aws': '…'}}"
        )
    for origin, mirror in places.items():
        _refuse_malformed(f"mirrors, key {origin!r}", origin)
        _refuse_malformed(f"mirrors[{origin!r}]", mirror)
    return places


def mirror_of(image: ImageName, places: Mapping[str, str]) -> str | None:
    """Return the image's name in the mirror of the longest match, without tag and digest, or None if none matches."""
    full = f"{image.registry}/{image.path}"
    fitting = [origin for origin in places if f"{full}/".startswith(f"{origin}/")]
    if not fitting:
        return None
    origin = max(fitting, key=len)
    return f"{places[origin]}{full.removeprefix(origin)}"


def _refuse_malformed(what: str, place: object) -> None:
    example = "public.ecr.aws or 111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"
    if isinstance(place, str) and "${Token[" in place:
        raise ScopedImagesError(
            f"{what}: must not be a token, got {place!r}; images are built before CloudFormation knows its value, so "
            "write the account and region literally"
        )
    if not isinstance(place, str):
        problem = "must be text"
    elif "://" in place:
        problem = "must not have a scheme"
    elif place.endswith("/"):
        problem = "must not end with a slash"
    elif not _PLACE.fullmatch(place) or not is_host(place.partition("/")[0]):
        problem = "must be a registry's host, or a host and a folder"
    else:
        return
    raise ScopedImagesError(f"{what}: {problem}, got {place!r}; write it like {example}")
