"""Reads what `docker -D builder inspect` prints about the builder that `docker build` uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_CACHE_EXPORT = "Cache export"
_LOADS = "Automatically load images to the Docker Engine image store"


@dataclass(frozen=True, kw_only=True)
class Builder:
    """A builder of buildx, which may have several nodes.

    error: why buildx cannot reach it; None if it can, or has not tried.
    loads: whether a built image is in Docker's image store afterwards. None if buildx is too old to say (before 0.12).
    exports_cache: whether it can export a registry cache. None if buildx is too old to say.
    """

    name: str
    driver: str
    error: str | None
    loads: bool | None
    exports_cache: bool | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the whole text; a feature that one node lacks is missing."""
        return cls(
            name=_first("Name", text) or "",
            driver=_first("Driver", text) or "",
            error=_first("Error", text),
            loads=_feature(_LOADS, text),
            exports_cache=_feature(_CACHE_EXPORT, text),
        )


def _first(field: str, text: str) -> str | None:
    found = re.search(rf"^{field}:[ \t]*(\S.*)$", text, re.MULTILINE)
    return found[1].strip() if found else None


def _feature(name: str, text: str) -> bool | None:
    values = re.findall(rf"^ {re.escape(name)}:\s+(true|false)$", text, re.MULTILINE)
    return "false" not in values if values else None
