"""How an image is built, apart from what it is built of: one value for every construct and builder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scoped_images.errors import ScopedImagesError
from scoped_images.image.registry_cache import RegistryCache
from scoped_images.upstream.images import UpstreamImages


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """Options of one build, or of all builds that share them.

    build_args: values of the Dockerfile's `ARG`s. Never secrets: they stay in the image's history.
    build_secrets: BuildKit secrets by id, each `src=<path>` or `env=<variable>`.
    target: the stage to build. Defaults to the context's own target, else the last stage.
    upstream: pins and mirrors of the external images that the Dockerfile names. Defaults to none.
    cache: the registry cache to import from and export to. Defaults to one in the image's repository;
        False turns it off.
    """

    build_args: Mapping[str, str] = field(default_factory=dict)
    build_secrets: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    upstream: UpstreamImages = field(default_factory=UpstreamImages)
    cache: RegistryCache | Literal[False] | None = None

    def __post_init__(self) -> None:
        self._expect("build_args", Mapping, "pass values by name, {'VERSION': '1'}")
        if not isinstance(self.build_secrets, Mapping):
            # Without the value: it may be the secret itself.
            raise ScopedImagesError(
                f"build_secrets: expected a mapping, got {type(self.build_secrets).__name__}; "
                "pass 'src=<path>' or 'env=<variable>' by id"
            )
        for name, value in self.build_secrets.items():
            if not isinstance(value, str) or not re.match(r"(src|env)=.", value):
                raise ScopedImagesError(
                    f"build_secrets[{name!r}] takes 'src=<path>' or 'env=<variable>', never the secret itself"
                )
        if self.target is not None:
            self._expect("target", str, "pass the name of a stage")
        self._expect("upstream", UpstreamImages, "pass UpstreamImages(lock=ImagesLock.read())")
        if self.cache is not None and self.cache is not False:
            self._expect("cache", RegistryCache, "pass False to build without a cache")

    def _expect(self, name: str, kind: type, hint: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, kind):
            raise ScopedImagesError(f"{name}: expected {kind.__name__}, got {value!r}; {hint}")
