"""BuildKit's registry cache, kept beside the image in ECR."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scoped_images.ecr.address import RepositoryAddress
from scoped_images.ecr.tags import cache_tag
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# A cache so named would look like another one's: of a platform, or of a pull request.
_TAKEN = ("linux", "pr")


@dataclass(frozen=True, kw_only=True)
class CacheOption:
    """One `--cache-from` or `--cache-to` of a build; renders itself as buildx takes it: `type=registry,ref=…`."""

    type: str
    params: Mapping[str, str]

    def __str__(self) -> str:
        return ",".join((f"type={self.type}", *(f"{key}={value}" for key, value in self.params.items())))


@dataclass(frozen=True, kw_only=True)
class RegistryCache:
    """Imports from and exports to `<repository>:cache-<platform>`, or `cache-<name>-<platform>`.

    repository: must exist before the build, so it belongs to an earlier stack.
    name: tells the caches of several images in one repository apart.
    branch: keeps a branch's cache apart, as `cache-<branch>-<platform>`, and imports the main one too.
    export: False for builds that must not write, such as those of untrusted pull requests.
    imports: further refs to import from, such as another repository's cache.
    """

    repository: RepositoryAddress
    platform: Platform
    branch: str | None = None
    name: str | None = None
    export: bool = True
    imports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.branch is not None and not _NAME.fullmatch(self.branch):
            raise ScopedImagesError(
                f"branch of the registry cache: must be part of a tag, got {self.branch!r}; use 1-64 lower-case letters, "
                "digits, '.', '_' and '-'"
            )
        if self.name is not None:
            expect_cache_name(self.name, property_name="name of the registry cache")
        for ref in self.imports:
            if "${Token[" in ref:
                raise ScopedImagesError(
                    f"imports of the registry cache: must be known before CloudFormation deploys, got the token {ref!r}; "
                    "use a ref with a literal account and region"
                )

    @property
    def ref(self) -> str:
        """The image ref that this build exports to."""
        return self.repository.tagged(cache_tag(self.platform.slug, self.branch, self.name))

    def cache_from(self) -> list[CacheOption]:
        """What to import, nearest first. BuildKit logs a ref that does not exist yet and builds on."""
        refs = [self.ref]
        if self.branch is not None:
            refs.append(self.repository.tagged(cache_tag(self.platform.slug, name=self.name)))
        return [CacheOption(type="registry", params={"ref": ref}) for ref in (*refs, *self.imports)]

    def cache_to(self) -> CacheOption | None:
        """Where to export to, or None for an import-only cache."""
        if not self.export:
            return None
        return CacheOption(
            type="registry",
            params={
                "ref": self.ref,
                # All stages' layers, not only the last one's.
                "mode": "max",
                # ECR takes a cache only as an OCI image manifest: aws/containers-roadmap#876.
                "image-manifest": "true",
                "oci-mediatypes": "true",
                # A cache that cannot be written must not fail a deploy.
                "ignore-error": "true",
            },
        )


def expect_cache_name(name: object, *, property_name: str) -> str:
    """Return the name of a cache; raise ScopedImagesError for what cannot be one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.split("-")[0] in _TAKEN:
        raise ScopedImagesError(
            f"{property_name}: must be 1-64 lower-case letters, digits, '.', '_' and '-', and no 'linux' or 'pr' at the "
            f"start, got {name!r}; use the name of the image"
        )
    return name
