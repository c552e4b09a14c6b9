"""Reads a workload that is not a package: a folder with requirements.txt, a Pipfile, dependency groups, or only files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.pipfile import PIPFILE, read_pipfile
from scoped_images.workspace.pyproject import SharedSources, read_package
from scoped_images.workspace.requirements_file import Line, read_lines

REQUIREMENTS = "requirements.txt"
# Groups for developing. An image needs what is in any other.
_DEVELOPING = frozenset(
    (
        *("dev", "develop", "development", "test", "tests", "testing"),
        *("lint", "docs", "doc", "typing", "types", "ci"),
    )
)


def read_plain_workload(folder: Path, tables: Mapping[str, Any], named_at: Callable[[Path], str]) -> Package:
    """Return the workload in a folder, called as the folder.

    Skips requirements that no image can install, because its own Dockerfile may install them in a way of its own.

    named_at: returns the name of the package in a folder, or an empty string.
    """
    name = canonicalize_name(folder.name)
    groups = tables.get("dependency-groups", {})
    if groups:
        return _of_groups(folder, name, tables)
    file = folder / REQUIREMENTS
    if file.is_file():
        dependencies = tuple(_dependencies(file, named_at))
    elif (file := folder / PIPFILE).is_file():
        dependencies = read_pipfile(file)
    else:
        return Package(name=name, folder=folder, is_package=False)
    return Package(name=name, folder=folder, file=file, dependencies=dependencies, is_package=False)


def _of_groups(folder: Path, name: str, tables: Mapping[str, Any]) -> Package:
    file, groups = folder / "pyproject.toml", tables["dependency-groups"]
    try:
        lines = resolve_dependency_groups(groups, *(group for group in groups if group not in _DEVELOPING))
    except (ValueError, LookupError, TypeError, ExceptionGroup) as error:
        first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        raise ScopedImagesError(f"workspace: {file}: dependency-groups: {first}") from None
    project = {"name": name, "dependencies": list(lines)}
    package = read_package(folder, {**tables, "project": project}, shared=SharedSources(root=folder))
    if package is None:
        raise ScopedImagesError(f"workspace: {file}: dependency-groups: cannot be read")
    return dataclasses.replace(package, is_package=False)


def _dependencies(file: Path, named_at: Callable[[Path], str]) -> Iterator[Dependency]:
    for line in read_lines(file, skip_mistakes=True):
        if line.folder:
            yield _of_folder(file, line, named_at)
        elif line.requirement is not None:
            url = line.requirement.url or ""
            if url.startswith("file:") or url.startswith("."):
                path = url.removeprefix("file:").removeprefix("//")
                yield Dependency(requirement=line.requirement, folder=(file.parent / path).resolve())
            else:
                yield Dependency(requirement=line.requirement, elsewhere=url.partition(":")[0])


def _of_folder(file: Path, line: Line, named_at: Callable[[Path], str]) -> Dependency:
    folder = (file.parent / line.folder).resolve()
    name = named_at(folder)
    if not name:
        raise ScopedImagesError(
            f"{line.where}: {line.folder!r} is not a package of the repository; fix the path, or give the folder a "
            "pyproject.toml that has a name"
        )
    extras = f"[{','.join(line.extras)}]" if line.extras else ""
    return Dependency(requirement=Requirement(f"{name}{extras}"), folder=folder)
