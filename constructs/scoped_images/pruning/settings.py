"""What one pruner looks at and may delete."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from scoped_images.errors import ScopedImagesError
from scoped_images.pruning.other_usage import COLLECTORS
from scoped_images.pruning.retention import Retention

# Lambda's environment takes 4 KB in all, names included:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_TEXT = 3900


@dataclass(frozen=True, kw_only=True)
class PrunerSettings:
    """Settings of a pruner, as its function finds them in its environment.

    environment: for the report and the metrics' dimension.
    repositories: names of those to prune.
    bases: those of `repositories` that hold images which others are built from. Only when one of these
        would go, images are asked for their bases, at up to two calls each; None means any of them.
    dependents: names of repositories that are read only, for the bases that their images were built from.
    regions: where to look for what is in use; the first is the repositories' own.
    services: further services to look at: sagemaker, apprunner, batch.
    delete: False for a dry run.
    """

    environment: str
    repositories: tuple[str, ...]
    retention: Retention
    regions: tuple[str, ...]
    bases: tuple[str, ...] | None = None
    dependents: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    delete: bool = False

    def __post_init__(self) -> None:
        for key in ("repositories", "dependents", "regions", "services"):
            value = getattr(self, key)
            if not isinstance(value, tuple) or not all(isinstance(item, str) and item for item in value):
                raise ScopedImagesError(f"{key} is {value!r}, and takes a tuple of names")
        for key in ("repositories", "regions"):
            if not getattr(self, key):
                raise ScopedImagesError(f"{key} is empty, and takes at least one")
        if not isinstance(self.delete, bool):
            raise ScopedImagesError(f"delete is {self.delete!r}, and takes True or False")
        for service in self.services:
            if service not in COLLECTORS:
                raise ScopedImagesError(f"services holds {service!r}, and takes {', '.join(COLLECTORS)}")
        for name in self.bases or ():
            if name not in self.repositories:
                raise ScopedImagesError(
                    f"bases holds {name!r}, which is none of the repositories: {', '.join(self.repositories)}"
                )
        both = set(self.repositories) & set(self.dependents)
        if both:
            raise ScopedImagesError(
                f"repository {min(both)!r} is in repositories and dependents: it is either pruned or only read"
            )

    def holds_bases(self, repository: str) -> bool:
        """Whether other images may have been built from those of `repository`."""
        return repository in (self.repositories if self.bases is None else self.bases)

    def to_json(self) -> dict[str, Any]:
        """As JSON takes it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            **{key: list(value) if isinstance(value, tuple) else value for key, value in values.items()},
            "retention": self.retention.to_json(),
        }

    @classmethod
    def from_json(cls, settings: Mapping[str, Any]) -> PrunerSettings:
        """The inverse of `to_json`."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()
        }
        return cls(**{**values, "retention": Retention.from_json(settings["retention"])})

    def to_text(self) -> str:
        """For an environment variable: JSON, packed where it would not fit. Raises ScopedImagesError."""
        text = json.dumps(self.to_json())
        if len(text) > _MAX_TEXT:
            text = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
        if len(text) > _MAX_TEXT:
            raise ScopedImagesError(
                f"the settings of the image pruner for {len(self.repositories)} repositories do not fit into a "
                "function's environment of 4 KB: divide the repositories among several pruners"
            )
        return text

    @classmethod
    def from_text(cls, text: str) -> PrunerSettings:
        """The inverse of `to_text`."""
        plain = text if text.startswith("{") else zlib.decompress(base64.b64decode(text)).decode()
        return cls.from_json(json.loads(plain))
