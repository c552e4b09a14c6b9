"""Reads lock files in pip's format, `name==version --hash=…`, as pip-tools, uv and Poetry export them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.request import Request
from scoped_images.workspace.requirements_file import Line, read_lines


def read_pip_locks(request: Request, first: Path) -> tuple[tuple[Line, ...], tuple[Path, ...]]:
    """Return the lines of a package's lock file and of those beside it for its extras, and these files.

    Each requirement comes once, and packages of the workspace do not. Comments are dropped, because tools list dependents
    in them and the image does not depend on those.

    Raises ScopedImagesError if a direct requirement is missing, if two files pin two versions of one package, or if a
    line names a source that is neither a package index nor the workspace.
    """
    required = _required(request, first)
    lines: list[Line] = []
    found: dict[tuple[str, str], tuple[Line, Path]] = {}
    for path, direct in required.items():
        for line in _lines(request, path):
            if line.requirement is None:
                lines.append(line)
                continue
            other, other_path = found.setdefault((line.name, line.marker), (line, path))
            if other is line:
                lines.append(line)
            elif other.requirement and other.requirement.specifier != line.requirement.specifier:
                raise ScopedImagesError(
                    f"base image {request.package.name!r}: {other_path} has {line.name}{other.requirement.specifier}, "
                    f"and {path} has {line.name}{line.requirement.specifier}; lock both together"
                )
        _refuse_missing(request.package, path, direct, {name for name, _ in found})
    # Options without a requirement install nothing.
    return tuple(lines) if found else (), tuple(required)


def _required(request: Request, first: Path) -> dict[Path, tuple[Dependency, ...]]:
    """Return the direct requirements that each file must have."""
    package = request.package
    required = {first: request.third_party_of(package.requires(()))}
    for extra in sorted(request.extras):
        path = package.folder / f"requirements-{extra}.lock"
        path = path if path.is_file() else first
        asked = request.third_party_of(package.extras.get(extra, ()))
        required[path] = (*required.get(path, ()), *(each for each in asked if each.name != package.name))
    return required


def is_pinned(path: Path) -> bool:
    """Return whether every requirement of a requirements file names one version, so that it serves as a lock file."""
    try:
        found = [line.requirement for line in read_lines(path) if line.requirement is not None]
    except ScopedImagesError:
        return False
    return bool(found) and all(
        each.url or [s.operator for s in each.specifier] in (["=="], ["==="]) for each in found
    )


def refuse_other_environments(request: Request, lines: Iterable[Line], files: str) -> None:
    """Raise if the requirements lack a direct one that the target needs, or have it only for other environments."""
    package, target = request.package, request.target
    markers: dict[str, list[str]] = {}
    for line in lines:
        markers.setdefault(line.name, []).append(line.marker)
    for dependency in request.third_party:
        needed = target.simplify(dependency.marker)
        if needed is None or any(target.may_hold(marker) for marker in markers.get(dependency.name, ())):
            continue
        if needed == "" or dependency.name in markers:
            found = " or ".join(markers.get(dependency.name, ()))
            where = f"only for {found}" if found else "not at all"
            raise ScopedImagesError(
                f"base image {package.name!r}: {files} has {dependency.name!r} {where}, but "
                f"{package.declared_in} requires it, and the image has Python "
                f"{target.python or '(unknown)'} on {' and '.join(target.platforms)}; lock it for that too, or pass "
                "public_image= with the Python that it was locked for"
            )


def _refuse_missing(package: Package, path: Path, direct: Sequence[Dependency], found: set[str]) -> None:
    for dependency in direct:
        # A requirement with a marker may be absent: pip-compile drops what its platform does not need.
        if dependency.name not in found and dependency.requirement.marker is None:
            extra = next((name for name, each in package.extras.items() if dependency in each), None)
            asks = f" for the extra {extra!r}" if extra and dependency not in package.dependencies else ""
            remedy = f", or into requirements-{extra}.lock beside it" if asks else ""
            raise ScopedImagesError(
                f"base image {package.name!r}: {package.declared_in} requires {dependency.name!r}{asks}, and {path} does "
                f"not pin it; lock it again{remedy}"
            )


def _lines(request: Request, path: Path) -> Iterator[Line]:
    third_party = {each.name for each in request.third_party}
    in_bases = {each.name for each in request.workspace.every} - third_party
    for line in read_lines(path):
        if line.folder:
            _refuse_other_folder(request, path, line)
        elif line.name not in in_bases:
            url = (line.requirement and line.requirement.url) or ""
            if url:
                # Leave the address out: it may contain a login.
                origin = "a folder on this machine" if url.startswith("file:") else url.partition(":")[0]
                raise ScopedImagesError(
                    f"{line.where}: {line.name!r} comes from {origin}, but a base installs from package indexes only; "
                    "publish it there, or declare the base by hand"
                )
            yield line


def _refuse_other_folder(request: Request, path: Path, line: Line) -> None:
    """Raise unless the folder is a package of the workspace, which another base installs."""
    folder = (path.parent / line.folder).resolve()
    # `uv export` writes paths relative to the folder it ran in, which the file does not name.
    if not any(folder == each.folder or folder.name == each.folder.name for each in request.workspace.every):
        raise ScopedImagesError(
            f"{line.where}: {line.folder!r} is a folder outside of the workspace, which the build cannot read; publish "
            "it to an index, or make it a package of the workspace"
        )
