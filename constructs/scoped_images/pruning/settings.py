"""What one pruner reads and may delete."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, dataclass
from typing import Any

from scoped_images.errors import ScopedImagesError
from scoped_images.pruning.retention import Retention

METRICS_NAMESPACE = "ScopedImages/ImagePruner"
# What other_usage looks at if the settings name it. Both are here because those that use them import boto3, and synth
# reads only the settings.
SERVICES = ("sagemaker", "apprunner", "batch")

# Lambda's environment takes 4 KB in all, names included:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_TEXT = 3900


@dataclass(frozen=True, kw_only=True)
class PrunerSettings:
    """Settings of a pruner, which its function reads from its environment.

    environment: name for the report and the dimension of the metrics.
    repositories: names of the repositories to prune.
    bases: those of `repositories` that hold base images; None means all. The run reads the bases of images,
        which takes up to two calls each, only if it would delete an image from one of these.
    dependents: names of repositories that are not pruned, and whose images were built from pruned ones.
    regions: where workloads may run; the first is the repositories' own.
    services: further services to look at, of SERVICES.
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
                raise ScopedImagesError(f"{key}: must be a tuple of names, got {value!r}")
        for key in ("repositories", "regions"):
            if not getattr(self, key):
                raise ScopedImagesError(f"{key}: empty, got (); give at least one")
        if not isinstance(self.delete, bool):
            raise ScopedImagesError(f"delete: must be True or False, got {self.delete!r}")
        for service in self.services:
            if service not in SERVICES:
                raise ScopedImagesError(
                    f"services: unknown service, got {service!r}; use {', '.join(SERVICES)}"
                )
        for name in self.bases or ():
            if name not in self.repositories:
                raise ScopedImagesError(
                    f"bases: must be one of the repositories, got {name!r}; use {', '.join(self.repositories)}"
                )
        both = set(self.repositories) & set(self.dependents)
        if both:
            raise ScopedImagesError(
                f"dependents: {min(both)!r} is also in repositories, got both; remove it from one of them"
            )

    def holds_bases(self, repository: str) -> bool:
        """Return whether other images may have been built from those of `repository`."""
        return repository in (self.repositories if self.bases is None else self.bases)

    def to_text(self) -> str:
        """Return JSON for an environment variable, compressed if it is long. Raises ScopedImagesError."""
        text = json.dumps(asdict(self))
        if len(text) > _MAX_TEXT:
            text = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
        if len(text) > _MAX_TEXT:
            raise ScopedImagesError(
                f"repositories: too many for a function's environment of 4 KB, got {len(self.repositories)}; divide "
                "them among several pruners"
            )
        return text

    @classmethod
    def from_text(cls, text: str) -> PrunerSettings:
        """Read what `to_text` returned. Raises ScopedImagesError if another release of the library wrote it."""
        plain = text if text.startswith("{") else zlib.decompress(base64.b64decode(text)).decode()
        values = json.loads(plain, object_hook=_with_tuples)
        try:
            return cls(**{**values, "retention": Retention(**values["retention"])})
        except TypeError as error:
            raise ScopedImagesError(
                f"PRUNER_SETTINGS: written by another release of cdk-scoped-images: {error}; use the release that "
                "deployed the pruner, or deploy it again"
            ) from error


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
