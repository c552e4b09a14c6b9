"""Reads lock files in pip's format, `name==version --hash=…`, as pip-tools, uv and Poetry export them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.requirements_file import Line, read_lines
from scoped_images.workspace.target import Target


def read_pip_locks(
    package: Package,
    required: Mapping[Path, Sequence[Dependency]],
    *,
    local: Mapping[str, Path],
    from_index: Callable[[str], bool],
) -> tuple[Line, ...]:
    """Return the lines of the lock files, each requirement once, without packages of the workspace.

    Comments are dropped, because tools list dependents in them and the image does not depend on those.

    required: the direct requirements that each file must contain.
    local: the folders of the workspace's packages, by name.
    from_index: whether the package takes a name that `local` has from an index all the same.

    Raises ScopedImagesError if a direct requirement is missing, if two files pin two versions of one package, or if a
    line names a source that is neither a package index nor the workspace.
    """
    lines: list[Line] = []
    found: dict[tuple[str, str], tuple[Line, Path]] = {}
    for path, direct in required.items():
        for line in _lines(path, local, from_index):
            if line.requirement is None:
                lines.append(line)
                continue
            first, first_path = found.setdefault((line.name, line.marker), (line, path))
            if first is line:
                lines.append(line)
            elif first.requirement and first.requirement.specifier != line.requirement.specifier:
                raise ScopedImagesError(
                    f"base image {package.name!r}: {first_path} has {line.name}{first.requirement.specifier}, and "
                    f"{path} has {line.name}{line.requirement.specifier}; lock both together"
                )
        _refuse_missing(package, path, direct, {name for name, _ in found})
    # Options without a requirement install nothing.
    return tuple(lines) if found else ()


def is_pinned(path: Path) -> bool:
    """Return whether every requirement of a requirements file names one version, so that it serves as a lock file."""
    try:
        found = [line.requirement for line in read_lines(path) if line.requirement is not None]
    except ScopedImagesError:
        return False
    return bool(found) and all(
        each.url or [s.operator for s in each.specifier] in (["=="], ["==="]) for each in found
    )


def refuse_other_environments(
    package: Package, direct: Sequence[Dependency], lines: Iterable[Line], files: str, target: Target
) -> None:
    """Raise if the requirements lack a direct one that the target needs, or have it only for other environments."""
    markers: dict[str, list[str]] = {}
    for line in lines:
        markers.setdefault(line.name, []).append(line.marker)
    for dependency in direct:
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


def _lines(path: Path, local: Mapping[str, Path], from_index: Callable[[str], bool]) -> Iterator[Line]:
    for line in read_lines(path):
        if line.folder:
            _refuse_other_folder(path, line, local)
        elif line.name not in local or from_index(line.name):
            url = (line.requirement and line.requirement.url) or ""
            if url:
                # Leave the address out: it may contain a login.
                origin = "a folder on this machine" if url.startswith("file:") else url.partition(":")[0]
                raise ScopedImagesError(
                    f"{line.where}: {line.name!r} comes from {origin}, but a base installs from package indexes only; "
                    "publish it there, or declare the base by hand"
                )
            yield line


def _refuse_other_folder(path: Path, line: Line, local: Mapping[str, Path]) -> None:
    """Raise unless the folder is a package of the workspace, which another base installs."""
    folder = (path.parent / line.folder).resolve()
    # `uv export` writes paths relative to the folder it ran in, which the file does not name.
    if not any(folder == each or folder.name == each.name for each in local.values()):
        raise ScopedImagesError(
            f"{line.where}: {line.folder!r} is a folder outside of the workspace, which the build cannot read; publish "
            "it to an index, or make it a package of the workspace"
        )
