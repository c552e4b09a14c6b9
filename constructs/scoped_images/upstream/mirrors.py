"""Registries that stand in for public ones: an ECR pull-through cache, or one inside an air-gapped network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scoped_images.ecr.image_name import ImageName, is_host
from scoped_images.errors import ScopedImagesError

_PLACE = re.compile(r"[^/@]+(/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """Where images are pulled from, by registry, or by registry and folder; the longest that fits counts.

    places: `{"public.ecr.aws": "<account>.dkr.ecr.<region>.amazonaws.com/ecr-public"}`. An official image of
        Docker Hub is below `docker.io/library`, as in every mirror of it.
    """

    places: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.places, Mapping):
            raise ScopedImagesError(
                f"mirrors is {self.places!r}, and takes a registry and folder by registry: {{'public.ecr.aws': '…'}}"
            )
        for origin, mirror in self.places.items():
            _check(f"the key {origin!r} of mirrors", origin)
            _check(f"mirrors[{origin!r}]", mirror)

    def reference(self, image: ImageName) -> str | None:
        """The image's name in its mirror, without tag and digest; None where it has no mirror."""
        full = f"{image.registry}/{image.path}"
        fitting = [origin for origin in self.places if f"{full}/".startswith(f"{origin}/")]
        if not fitting:
            return None
        origin = max(fitting, key=len)
        return f"{self.places[origin]}{full.removeprefix(origin)}"


def _check(what: str, place: object) -> None:
    example = "public.ecr.aws or 111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"
    if isinstance(place, str) and "${Token[" in place:
        raise ScopedImagesError(
            f"{what} is a token, known only while CloudFormation deploys; images are built before: give it with a "
            "literal account and region"
        )
    if not isinstance(place, str):
        problem = "is no text"
    elif "://" in place:
        problem = "has a scheme; leave it out"
    elif place.endswith("/"):
        problem = "ends with a slash; leave it out"
    elif not _PLACE.fullmatch(place) or not is_host(place.partition("/")[0]):
        problem = "does not start with a registry's host, or is not a folder in it"
    else:
        return
    raise ScopedImagesError(f"{what} is {place!r}, and {problem}: it is like {example}")
