"""Lock files in pip's own format: `name==version --hash=…`, as pip-tools and `uv export` write them."""

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
# They read further files, which are not in the image's context.
_READS = ("-r", "--requirement", "-c", "--constraint", "-f", "--find-links")  # `-rother.txt` is one, too


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """One requirement or option. text: in one line, without comments. name: empty for an option."""

    text: str
    name: str = ""
    marker: str = ""
    version: str = ""


def read_pip_locks(
    package: Package, wanted: Mapping[Path, Sequence[Dependency]], *, local: Mapping[str, Path]
) -> tuple[str, ...]:
    """Return the lines of the lock files, each requirement once, without those on packages of the workspace.

    Comments are left out: tools write into them who needs what, and an image does not change with it.

    wanted: what each file has to have of the package's direct requirements.
    local: folders of the workspace's packages by name.

    Raises ScopedImagesError where a direct requirement is missing, two files have two versions of one package, or a
    line asks for what is neither in an index nor in the workspace.
    """
    lines: list[str] = []
    found: dict[tuple[str, str], tuple[_Entry, Path]] = {}
    for path, direct in wanted.items():
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
    # Without a requirement there is nothing to install, whatever the options say.
    return tuple(lines) if found else ()


def _refuse_missing(package: Package, path: Path, direct: Sequence[Dependency], found: set[str]) -> None:
    for dependency in direct:
        # With a marker it may be missing with good reason: pip-compile leaves out what its platform does not need.
        if dependency.name not in found and dependency.requirement.marker is None:
            extra = next((name for name, each in package.extras.items() if dependency in each), None)
            asks = f" for the extra {extra!r}" if extra and dependency not in package.dependencies else ""
            remedy = f", or into requirements-{extra}.lock beside it" if asks else ""
            raise ScopedImagesError(
                f"base image {package.name!r}: {package.pyproject} requires {dependency.name!r}{asks}, and {path} does "
                f"not have it: lock it again{remedy}"
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
                    f"{where}: {name!r} comes from a folder of this machine, which no image has"
                )
            if requirement.url:
                # Without the address: a login may be in it.
                raise ScopedImagesError(
                    f"{where}: {name!r} comes from {requirement.url.partition(':')[0]}, and a base installs from a "
                    "package index alone: publish it there, or declare the base by hand"
                )
            marker, version = str(requirement.marker or ""), str(requirement.specifier)
            yield _Entry(text=content, name=name, marker=marker, version=version)


def _requirement(where: str, content: str) -> Requirement:
    try:
        return Requirement(re.sub(r"\s--\S+.*$", "", content))
    except InvalidRequirement as error:
        raise ScopedImagesError(f"{where}: {content!r} is no requirement: {error}") from None


def _refuse_other_folder(where: str, path: Path, given: str, local: Mapping[str, Path]) -> None:
    """A package of the workspace is in a base below, and its line is dropped; what else is a folder, no image has."""
    folder = (path.parent / given.removeprefix("file://")).resolve()
    # `uv export` writes paths from where it was run, which the file does not tell.
    if not any(folder == each or folder.name == each.name for each in local.values()):
        raise ScopedImagesError(
            f"{where}: {given!r} is no package of the workspace, and no image has the folder: publish it to an index, "
            "or make it a package of the workspace"
        )


def _logical_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line with those that it goes on in, and the number of its first."""
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
