"""Warns of files that seldom belong in an image, because they hold secrets or change with each commit."""

from __future__ import annotations

import re
from collections.abc import Iterable

GIT = ".git"

# Where tools keep passwords, tokens and keys: files, and folders with a slash at the end. They count in every folder.
_CREDENTIALS = (
    # package managers
    *(".npmrc", ".pypirc", "pip.conf", ".gem/credentials", ".cargo/credentials", ".cargo/credentials.toml"),
    *(".m2/settings.xml", "poetry/auth.toml"),
    # clouds and infrastructure
    *(".aws/", ".azure/accessTokens.json", ".azure/msal_token_cache.json", ".config/gcloud/", ".kube/config"),
    *(".vault-token", "application_default_credentials.json"),
    # registries
    *(".docker/config.json", ".dockercfg"),
    # Git and the network
    *(".git-credentials", ".netrc", "_netrc", ".ssh/", "id_dsa", "id_ecdsa", "id_ed25519", "id_rsa"),
    # databases
    *(".pgpass", ".my.cnf", ".htpasswd"),
)
_CREDENTIALS_PATH = re.compile(rf"(?s:.*/)?(?:{'|'.join(map(re.escape, _CREDENTIALS))})(?:(?<=/)|\Z)")
_ENVIRONMENT = re.compile(r"\.env(?:\..+)?|\.envrc")
_HARMLESS_ENDINGS = (".example", ".sample", ".template", ".dist", "/known_hosts")


def doubtful_files(paths: Iterable[str]) -> tuple[str, ...]:
    """Return a warning for Git's own files and one for files that hold secrets, if there are any."""
    git: dict[str, None] = {}
    secret: dict[str, None] = {}
    for path in paths:
        parts = path.split("/")
        if GIT in parts:
            git["/".join(parts[: parts.index(GIT) + 1])] = None
        elif path.endswith(_HARMLESS_ENDINGS):
            continue
        elif found := _CREDENTIALS_PATH.match(path):
            # A folder counts once, with all that is in it.
            secret[found[0].rstrip("/")] = None
        elif _ENVIRONMENT.fullmatch(parts[-1]):
            secret[path] = None
    warnings = []
    if git:
        warnings.append(
            f"{_names(git)} is in the build context: the image's tag changes with each commit, and Git's configuration "
            "may hold a token; name it in the ignore file"
        )
    if secret:
        warnings.append(
            f"{_names(secret)} is in the build context: such files often hold secrets; name it in the ignore file, and "
            "if the build needs it, give it as a build secret"
        )
    return tuple(warnings)


def _names(paths: Iterable[str]) -> str:
    first, *others = paths
    return f"{first} (and {len(others)} more)" if others else first
