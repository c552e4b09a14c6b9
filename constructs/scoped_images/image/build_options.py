"""How an image is built, as opposed to what it is built from: one value for every construct and builder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect
from scoped_images.image.registry_cache import RegistryCache, expect_cache_name
from scoped_images.upstream.images import UpstreamImages

Network = Literal["default", "none", "host"]
_NETWORKS: tuple[Network, ...] = get_args(Network)


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """Options of one build, or of all builds that share them.

    build_args: values of the Dockerfile's `ARG`s. Never secrets: they stay in the image's history.
    build_secrets: BuildKit secrets by id, each `src=<path>` or `env=<variable>`. A path starts from the folder that
        synth runs in.
    ssh: the SSH agent or keys for `RUN --mount=type=ssh`, as `docker build --ssh` takes them: `default` or
        `<id>=<socket or key>`. Defaults to none.
    network: the network of `RUN` steps: `default`, `none` or `host`. Defaults to the builder's own.
    target: the stage to build. Defaults to the context's own target, else the last stage.
    upstream: pins and mirrors of the external images that the Dockerfile names. Defaults to none.
    cache: the registry cache to import from and export to. Defaults to one in the image's repository; a name gives
        each of several images in one repository its own; False turns it off.
    cache_export: whether the build writes its registry cache. False only reads it, for builds of code that nobody has
        reviewed. The context value `scoped-images:cache-export` turns it off for a whole app, and CI builds of anything
        but the main branch turn it off.
    no_cache: whether the build runs every step again. A tag that is in the registry is still not built again.
    """

    build_args: Mapping[str, str] = field(default_factory=dict)
    build_secrets: Mapping[str, str] = field(default_factory=dict)
    ssh: str | None = None
    network: Network | None = None
    target: str | None = None
    upstream: UpstreamImages = field(default_factory=UpstreamImages)
    cache: RegistryCache | str | Literal[False] | None = None
    cache_export: bool = True
    no_cache: bool = False

    def __post_init__(self) -> None:
        expect("build_args", self.build_args, Mapping, "use values by name, {'VERSION': '1'}")
        if not isinstance(self.build_secrets, Mapping):
            # Without the value: it may be the secret itself.
            raise ScopedImagesError(
                f"build_secrets: must be Mapping, got {type(self.build_secrets).__name__}; use 'src=<path>' or "
                "'env=<variable>' by id"
            )
        for name, value in self.build_secrets.items():
            # Docker reads the option as comma-separated values.
            if not isinstance(name, str) or not re.fullmatch(r"[^,\"\s\x00-\x1f]+", name):
                raise ScopedImagesError(
                    f"build_secrets: must have ids without commas, quotes and blanks, got {name!r}; use the id of "
                    "RUN --mount=type=secret"
                )
            if not isinstance(value, str) or not re.fullmatch(r"(src|env)=[^,\"\r\n]+", value):
                raise ScopedImagesError(
                    f"build_secrets[{name!r}]: must be 'src=<path>' or 'env=<variable>', without commas and quotes; "
                    "never pass the secret itself"
                )
        if self.ssh is not None and (
            not isinstance(self.ssh, str) or not re.fullmatch(r"[^\s,]+(,[^\s,]+)*", self.ssh)
        ):
            raise ScopedImagesError(
                # Without the value: it may be the key itself.
                "ssh: must be 'default' or '<id>=<path of a socket or key>', without blanks; never pass the key itself"
            )
        if self.network is not None and self.network not in _NETWORKS:
            choices = " or ".join(repr(each) for each in _NETWORKS)
            raise ScopedImagesError(
                f"network: must be {choices}, got {self.network!r}; leave it out for the builder's own"
            )
        for name in ("cache_export", "no_cache"):
            expect(name, getattr(self, name), bool, "use True or False")
        if self.target is not None:
            expect("target", self.target, str, "use the name of a stage")
        expect("upstream", self.upstream, UpstreamImages, "use UpstreamImages(lock=ImagesLock.read())")
        if isinstance(self.cache, str):
            expect_cache_name(self.cache, property_name="cache")
        elif self.cache is not None and self.cache is not False:
            expect("cache", self.cache, RegistryCache, "use False to build without a cache")
