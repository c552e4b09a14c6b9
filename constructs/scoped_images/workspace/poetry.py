"""Reads Poetry's own tables: dependencies and extras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency

ARCHIVES = (".whl", ".tar.gz", ".zip")
_SOURCES = frozenset({"path", "git", "url", "develop", "subdirectory", "branch", "tag", "rev", "file"})


def read_dependencies(
    file: Path, table: Mapping[str, Any]
) -> tuple[tuple[Dependency, ...], dict[str, tuple[Dependency, ...]]]:
    """Return the dependencies, and for each extra the optional dependencies that it names."""
    always: list[Dependency] = []
    by_name: dict[str, list[Dependency]] = {}
    for name, constraint in _constraints(table):
        dependency = _dependency(file, name, constraint)
        by_name.setdefault(dependency.name, []).append(dependency)
        if not (isinstance(constraint, dict) and constraint.get("optional")):
            always.append(dependency)
    extras: dict[str, tuple[Dependency, ...]] = {}
    for extra, names in table.get("extras", {}).items():
        found: list[Dependency] = []
        for name in names:
            if canonicalize_name(name) not in by_name:
                raise ScopedImagesError(
                    f"workspace: {file}: the Poetry extra {extra!r} must name dependencies, got {name!r}; known are "
                    f"{', '.join(sorted(by_name)) or 'none'}"
                )
            found += by_name[canonicalize_name(name)]
        extras[canonicalize_name(extra)] = tuple(found)
    return tuple(always), extras


def read_sources(file: Path, table: Mapping[str, Any]) -> Iterator[Dependency]:
    """Yield the dependencies whose source is not a package index."""
    for name, constraint in _constraints(table):
        if isinstance(constraint, dict) and {"path", "git", "url", "file"} & set(constraint):
            yield _dependency(file, name, constraint)


def _constraints(table: Mapping[str, Any]) -> Iterator[tuple[str, str | dict[str, Any]]]:
    for name, value in table.get("dependencies", {}).items():
        if name != "python":
            for constraint in value if isinstance(value, list) else [value]:
                yield name, constraint


def _dependency(file: Path, name: str, value: str | dict[str, Any]) -> Dependency:
    # Older versions of Poetry took an empty constraint for any version.
    table = {"version": value or "*"} if isinstance(value, str) else value
    requirement, inexpressible = _requirement(file, name, table)
    path = table.get("path", table.get("file"))
    if path is not None and not str(path).endswith(ARCHIVES):
        return Dependency(requirement=requirement, folder=(file.parent / path).resolve())
    elsewhere = path or next((kind for kind in ("git", "url") if kind in table), "")
    return Dependency(requirement=requirement, elsewhere=elsewhere, inexpressible=inexpressible)


def _requirement(file: Path, name: str, table: dict[str, Any]) -> tuple[Requirement, str]:
    """Return the requirement, and the version constraint if PEP 440 cannot express it."""
    from poetry.core.factory import Factory  # noqa: PLC0415 - takes 0.3 s, and other tools' projects do without

    plain = {key: value for key, value in table.items() if key not in _SOURCES}
    try:
        text = Factory.create_dependency(name, {"version": "*", **plain}).to_pep_508()
        try:
            return Requirement(text), ""
        except InvalidRequirement:
            text = Factory.create_dependency(name, {**plain, "version": "*"}).to_pep_508()
            return Requirement(text), str(table.get("version"))
    except Exception as error:  # poetry-core lets the errors of its parser through.
        reason = str(error).partition("\n")[0]
        kind, elsewhere = ("Poetry ", ", or declare it in the [project] table") if file.suffix else ("", "")
        raise ScopedImagesError(
            f"workspace: {file}: a {kind}dependency is not valid: {reason}, got {name} = {table!r}; fix it{elsewhere}"
        ) from None
