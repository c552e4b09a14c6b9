"""ECR's rules for pull-through caches: registries, prefixes and logins."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoped_images.errors import ScopedImagesError

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
_PREFIX = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_SECRET = re.compile(r"arn:aws[\w-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:ecr-pullthroughcache/\S+")
_LOGIN = "a Secrets Manager secret whose name starts with 'ecr-pullthroughcache/'"


@dataclass(frozen=True)
class _Registry:
    """A registry that ECR caches. kind: ECR's name for it. url: its host, if that is not its name."""

    kind: str
    needs_login: bool = False
    url: str | None = None


_AZURE = _Registry("azure-container-registry", needs_login=True)
_REGISTRIES = {
    "docker.io": _Registry("docker-hub", needs_login=True, url="registry-1.docker.io"),
    "ghcr.io": _Registry("github-container-registry", needs_login=True),
    "public.ecr.aws": _Registry("ecr-public"),
    "quay.io": _Registry("quay"),
    "registry.gitlab.com": _Registry("gitlab-container-registry", needs_login=True),
    "registry.k8s.io": _Registry("k8s"),
}


@dataclass(frozen=True, kw_only=True)
class PullThroughRule:
    """One public registry that ECR caches.

    prefix: the folder of the cached repositories, 2-30 characters.
    upstream: the registry, as Dockerfiles name it.
    credential_arn: the secret with a login to it. Defaults to no login.
    """

    prefix: str
    upstream: str
    credential_arn: str | None = None

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix) or not 2 <= len(self.prefix) <= 30:
            raise ScopedImagesError(
                f"prefix: must be 2-30 lower-case letters, digits, '.', '_', '-' and '/', got {self.prefix!r}; choose "
                "another"
            )
        if self.credential_arn is None and self._registry.needs_login:
            raise ScopedImagesError(
                f"upstream: ECR needs a login for this registry, got {self.upstream!r}; pass credential_arn, the ARN of "
                f"{_LOGIN}"
            )
        if self.credential_arn is not None and not _SECRET.fullmatch(self.credential_arn):
            raise ScopedImagesError(
                f"credential_arn: must be the ARN of a cache's login, got {self.credential_arn!r}; pass the literal "
                f"ARN of {_LOGIN}"
            )

    @property
    def kind(self) -> str:
        """Return ECR's name for the registry."""
        return self._registry.kind

    @property
    def url(self) -> str:
        """Return the host that ECR connects to."""
        return self._registry.url or self.upstream

    @property
    def _registry(self) -> _Registry:
        known = _AZURE if self.upstream.endswith(".azurecr.io") else _REGISTRIES.get(self.upstream)
        if known is None:
            raise ScopedImagesError(
                f"upstream: ECR does not cache this registry, got {self.upstream!r}; use one of "
                f"{', '.join(_REGISTRIES)}, <name>.azurecr.io"
            )
        return known
