"""Warns of files that seldom belong into an image."""

from __future__ import annotations

from collections.abc import Iterable

GIT = ".git"
_HARMLESS_ENDINGS = (".example", ".sample", ".template", ".dist")


def doubtful_files(paths: Iterable[str]) -> tuple[str, ...]:
    """Return a warning for Git's own files and one for environment files, if there are any."""
    git: dict[str, None] = {}
    environments = []
    for path in paths:
        parts = path.split("/")
        if GIT in parts:
            git["/".join(parts[: parts.index(GIT) + 1])] = None
        elif (parts[-1] == ".env" or parts[-1].startswith(".env.")) and not path.endswith(_HARMLESS_ENDINGS):
            environments.append(path)
    warnings = []
    if git:
        warnings.append(
            f"{_names(git)} is in the build context: the image's tag changes with each commit, and Git's configuration "
            "may hold a token; name it in the ignore file"
        )
    if environments:
        warnings.append(
            f"{_names(environments)} is in the build context: such files often hold secrets; name it in the ignore file"
        )
    return tuple(warnings)


def _names(paths: Iterable[str]) -> str:
    first, *others = paths
    return f"{first} (and {len(others)} more)" if others else first
