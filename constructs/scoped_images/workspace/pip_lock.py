"""Reads lock files in pip's format, `name==version --hash=…`, as pip-tools and `uv export` write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency, Package

_EDITABLE = re.compile(r"(?:-e|--editable)[ =]\s*(\S+)(?:\s*;.*)?")  # with a marker, as Poetry exports it
_COMMENT = re.compile(r"(^|\s+)#.*$")
# Options that read further files, which the build context does not hold.
_READS = ("-r", "--requirement", "-c", "--constraint", "-f", "--find-links")  # `-rother.txt` is also valid


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """One requirement or option. text: one line without comments. name: empty for an option."""

    text: str
    name: str = ""
    marker: str = ""
    version: str = ""


def read_pip_locks(
    package: Package, required: Mapping[Path, Sequence[Dependency]], *, local: Mapping[str, Path]
) -> tuple[str, ...]:
    """Return the lines of the lock files, each requirement once, without packages of the workspace.

    Comments are dropped, because tools list dependents in them and the image does not depend on those.

    required: the direct requirements that each file must contain.
    local: the folders of the workspace's packages, by name.

    Raises ScopedImagesError if a direct requirement is missing, if two files pin two versions of one package, or if a
    line names a source that is neither a package index nor the workspace.
    """
    lines: list[str] = []
    found: dict[tuple[str, str], tuple[_Entry, Path]] = {}
    for path, direct in required.items():
        for entry in _entries(path, local):
            if not entry.name:
                lines.append(entry.text)
                continue
            first, first_path = found.setdefault((entry.name, entry.marker), (entry, path))
            if first is entry:
                lines.append(entry.text)
            elif first.version != entry.version:
                raise ScopedImagesError(
                    f"base image {package.name!r}: {first_path} has {entry.name}{first.version}, and {path} has "
                    f"{entry.name}{entry.version}: lock both together"
                )
        _refuse_missing(package, path, direct, {name for name, _ in found})
    # Options without a requirement install nothing.
    return tuple(lines) if found else ()


def _refuse_missing(package: Package, path: Path, direct: Sequence[Dependency], found: set[str]) -> None:
    for dependency in direct:
        # A requirement with a marker may be absent: pip-compile drops what its platform does not need.
        if dependency.name not in found and dependency.requirement.marker is None:
            extra = next((name for name, each in package.extras.items() if dependency in each), None)
            asks = f" for the extra {extra!r}" if extra and dependency not in package.dependencies else ""
            remedy = f", or into requirements-{extra}.lock beside it" if asks else ""
            raise ScopedImagesError(
                f"base image {package.name!r}: {package.pyproject} requires {dependency.name!r}{asks}, and {path} does "
                f"not pin it; lock it again{remedy}"
            )


def _entries(path: Path, local: Mapping[str, Path]) -> Iterator[_Entry]:
    for number, text in _logical_lines(path):
        content = " ".join(_COMMENT.sub("", re.sub(r"\\\n", " ", text)).split())
        where = f"{path}:{number}"
        editable = _EDITABLE.fullmatch(content)
        if editable or content.startswith((".", "/", "file:")):
            _refuse_other_folder(where, path, editable[1] if editable else content.split(" ")[0], local)
        elif content.startswith(_READS):
            raise ScopedImagesError(
                f"{where}: {content!r} reads a file that is not in the image: put its lines here"
            )
        elif content.startswith("-"):
            yield _Entry(text=content)
        elif content:
            requirement = _requirement(where, content)
            name = canonicalize_name(requirement.name)
            if name in local:
                continue
            if requirement.url and requirement.url.startswith("file:"):
                raise ScopedImagesError(
                    f"{where}: {name!r} comes from a folder on this machine, which the build cannot read; "
                    "publish it to an index"
                )
            if requirement.url:
                # Leave the address out: it may contain a login.
                raise ScopedImagesError(
                    f"{where}: {name!r} comes from {requirement.url.partition(':')[0]}, but a base installs from "
                    "package indexes only; publish it there, or declare the base by hand"
                )
            marker, version = str(requirement.marker or ""), str(requirement.specifier)
            yield _Entry(text=content, name=name, marker=marker, version=version)


def _requirement(where: str, content: str) -> Requirement:
    try:
        return Requirement(re.sub(r"\s--\S+.*$", "", content))
    except InvalidRequirement as error:
        raise ScopedImagesError(f"{where}: {content!r} is not a requirement: {error}") from None


def _refuse_other_folder(where: str, path: Path, given: str, local: Mapping[str, Path]) -> None:
    """Raise unless the folder is a package of the workspace, which another base installs."""
    folder = (path.parent / given.removeprefix("file://")).resolve()
    # `uv export` writes paths relative to the folder it ran in, which the file does not name.
    if not any(folder == each or folder.name == each.name for each in local.values()):
        raise ScopedImagesError(
            f"{where}: {given!r} is a folder outside of the workspace, which the build cannot read; publish it to an "
            "index, or make it a package of the workspace"
        )


def _logical_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each logical line, continuation lines joined, with the number of its first line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ScopedImagesError(f"workspace: cannot read {path}: {error}") from None
    pending: list[str] = []
    for number, line in enumerate(lines, start=1):
        pending.append(line)
        if not line.rstrip().endswith("\\") or line.lstrip().startswith("#"):
            yield number - len(pending) + 1, "\n".join(pending)
            pending = []
    if pending:
        yield len(lines) - len(pending) + 1, "\n".join(pending)
