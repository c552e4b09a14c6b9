"""What ECR's pull-through cache takes: which public registries, under which prefix, with which login."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoped_images.errors import ScopedImagesError

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
_PREFIX = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_SECRET = re.compile(r"arn:aws[\w-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:ecr-pullthroughcache/\S+")
_TAKES = "a Secrets Manager secret whose name starts with 'ecr-pullthroughcache/'"


@dataclass(frozen=True)
class _Registry:
    """A registry that ECR caches. kind: ECR's name for it. url: where it is asked, if not under its own name."""

    kind: str
    wants_login: bool = False
    url: str | None = None


_AZURE = _Registry("azure-container-registry", wants_login=True)
_REGISTRIES = {
    "docker.io": _Registry("docker-hub", wants_login=True, url="registry-1.docker.io"),
    "ghcr.io": _Registry("github-container-registry", wants_login=True),
    "public.ecr.aws": _Registry("ecr-public"),
    "quay.io": _Registry("quay"),
    "registry.gitlab.com": _Registry("gitlab-container-registry", wants_login=True),
    "registry.k8s.io": _Registry("k8s"),
}


@dataclass(frozen=True, kw_only=True)
class PullThroughRule:
    """One public registry that ECR caches.

    prefix: the folder of the cached repositories, 2-30 characters.
    upstream: the registry, as Dockerfiles name it.
    credential_arn: the secret with a login to it; None for a registry that answers everybody.
    """

    prefix: str
    upstream: str
    credential_arn: str | None = None

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix) or not 2 <= len(self.prefix) <= 30:
            raise ScopedImagesError(
                f"prefix of the pull-through cache is {self.prefix!r}, and takes 2-30 lower-case letters, digits, '.', "
                "'_', '-' and '/'"
            )
        if self.credential_arn is None and self._registry.wants_login:
            raise ScopedImagesError(
                f"upstream of the pull-through cache is {self.upstream!r}, which ECR asks with a login only: give "
                f"credential_arn, the ARN of {_TAKES}"
            )
        if self.credential_arn is not None and not _SECRET.fullmatch(self.credential_arn):
            raise ScopedImagesError(
                f"credential_arn of the pull-through cache is {self.credential_arn!r}, and takes the literal ARN of "
                f"{_TAKES}"
            )

    @property
    def kind(self) -> str:
        """ECR's name for the registry."""
        return self._registry.kind

    @property
    def url(self) -> str:
        """The host that ECR asks."""
        return self._registry.url or self.upstream

    @property
    def _registry(self) -> _Registry:
        known = _AZURE if self.upstream.endswith(".azurecr.io") else _REGISTRIES.get(self.upstream)
        if known is None:
            raise ScopedImagesError(
                f"upstream of the pull-through cache is {self.upstream!r}, which ECR does not cache; it does: "
                f"{', '.join(_REGISTRIES)}, <name>.azurecr.io"
            )
        return known
