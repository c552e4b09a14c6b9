"""Reads a package from its pyproject.toml, setup.cfg or setup.py, with the sources that uv's or Poetry's tables name."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace import poetry
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.setup_files import SetupFiles, read_setup_files
from scoped_images.workspace.tables import read_toml, setting

_ELSEWHERE = ("git", "url", "file")


@dataclass(frozen=True, kw_only=True)
class SharedSources:
    """`[tool.uv.sources]` of a workspace's root, which also apply to its members."""

    root: Path
    by_name: Mapping[str, Any] = field(default_factory=dict)


def read_package(
    folder: Path, tables: Mapping[str, Any], *, shared: SharedSources | None = None
) -> Package | None:
    """Read the package of a folder. Return None if its files only configure tools."""
    project, tool = tables.get("project"), tables.get("tool", {})
    own = tool.get("poetry")
    setup = read_setup_files(folder)
    if project is None and own is None:
        if setup is None or setup.name is None:
            return None
        return _of_setup_files(folder, setup, tables)
    project = project or {}
    file = folder / "pyproject.toml"
    name = project.get("name") or (own or {}).get("name")
    if name is None and own is not None and own.get("package-mode") is False:
        name = folder.name
    if not isinstance(name, str) or not name:
        raise ScopedImagesError(f"workspace: {file} has no package name; set name in its [project] table")
    reader = _Reader.of(folder, file, tool, shared or SharedSources(root=folder))
    dynamic = {*project.get("dynamic", ())}
    unknown = False
    if own is not None and "dependencies" not in project:
        dependencies, extras = poetry.read_dependencies(file, own)
    else:
        lines, unknown = _lines(folder, tables, setup, dynamic)
        dependencies, extras = reader.read(lines), {}
    if "optional-dependencies" in project:
        extras = reader.read_extras(project["optional-dependencies"])
    elif "optional-dependencies" in dynamic:
        given, read = _dynamic(folder, tables, "optional-dependencies")
        extras = reader.read_extras(
            {extra: read(each) or () for extra, each in given.items()}
            if isinstance(given, dict)
            else (setup.extras if setup else {})
        )
    requires = project.get("requires-python") or (own or {}).get("dependencies", {}).get("python", "")
    version = (
        project.get("version") or (own or {}).get("version") or (setup.version if setup and project else None)
    )
    return Package(
        name=canonicalize_name(name),
        folder=folder,
        file=file,
        dependencies=tuple(dependencies),
        extras=extras,
        tables=tables,
        version=version if isinstance(version, str) else None,
        requires_python=requires if isinstance(requires, str) else "",
        unknown_dependencies=unknown,
    )


def names_of_unreadable(folder: Path) -> frozenset[str]:
    """Return the normalized names that a package with a mistake in its files may have: its own, else its folder's."""
    try:
        tables = read_toml(folder / "pyproject.toml")
    except ScopedImagesError:
        tables = {}
    setup = read_setup_files(folder)
    declared = (tables.get("project"), setting(tables, "poetry"), {"name": setup.name if setup else None})
    names = [each.get("name") for each in declared if isinstance(each, dict)]
    known = [name for name in names if isinstance(name, str) and name]
    return frozenset(canonicalize_name(name) for name in known or [folder.name])


def _of_setup_files(folder: Path, setup: SetupFiles, tables: Mapping[str, Any]) -> Package:
    reader = _Reader.of(folder, setup.file, tables.get("tool", {}), SharedSources(root=folder))
    return Package(
        name=canonicalize_name(setup.name or ""),
        folder=folder,
        file=setup.file,
        dependencies=reader.read(setup.dependencies or ()),
        extras=reader.read_extras(setup.extras),
        tables=tables,
        version=setup.version,
        requires_python=setup.requires_python,
        unknown_dependencies=setup.dependencies is None,
    )


def _lines(
    folder: Path, tables: Mapping[str, Any], setup: SetupFiles | None, dynamic: set[str]
) -> tuple[Sequence[str], bool]:
    """Return the requirements of a [project], and whether only its build backend knows them."""
    if "dependencies" not in dynamic:
        return tables["project"].get("dependencies", ()), False
    given, read = _dynamic(folder, tables, "dependencies")
    named = read(given)
    if named is not None:
        return named, False
    if setup is not None and setup.dependencies:
        return setup.dependencies, False
    return (), setup is None or setup.dependencies is None


def _dynamic(
    folder: Path, tables: Mapping[str, Any], key: str
) -> tuple[Any, Callable[[Any], tuple[str, ...] | None]]:
    """Return where a build backend's settings give dynamic dependencies, and what reads their lines from there.

    Knows setuptools and Hatch's plug-ins for versions and for requirements files.
    """
    hooks = "hatch.metadata.hooks"
    given = setting(tables, f"{hooks}.uv-dynamic-versioning.{key}")
    if given is not None:
        return given, _without_version
    given = setting(tables, f"setuptools.dynamic.{key}")
    if given is None:
        given = setting(tables, f"{hooks}.requirements_txt.{'files' if key == 'dependencies' else key}")
    return given, functools.partial(_of_files, folder)


def _without_version(lines: Any) -> tuple[str, ...] | None:
    """Return lines such as `lib>={{ version }},<2` as `lib<2`, because only git knows the version."""
    return tuple(_without_templates(str(line)) for line in lines) if isinstance(lines, list) else None


def _without_templates(line: str) -> str:
    """Drop each clause of a version specifier that has a template."""
    if "{{" not in line:
        return line
    plain, semicolon, marker = re.sub(r"\{\{.*?\}\}", "{{}}", line).partition(";")
    parts = re.fullmatch(r"([^\[=<>!~(@]+(?:\[[^\]]*\])?)\s*\(?([^()@]*)\)?\s*", plain)
    if parts is None:
        return line
    clauses = [clause for clause in parts[2].split(",") if "{{}}" not in clause]
    return f"{parts[1].rstrip()}{','.join(clauses)}{f' {semicolon}{marker}' if semicolon else ''}"


def _of_files(folder: Path, named: Any) -> tuple[str, ...] | None:
    """Return the lines of `{ file = ["requirements.txt"] }`, without options; None if the files cannot be read."""
    names = named.get("file") if isinstance(named, dict) else named
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    try:
        text = "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
    except (OSError, UnicodeDecodeError):
        return None
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith(("#", "-")))


class _Reader:
    """Reads the requirements of one file, with their declared sources."""

    def __init__(self, folder: Path, file: Path, by_name: Mapping[str, Dependency]) -> None:
        self._folder, self._file, self._by_name = folder, file, by_name

    @classmethod
    def of(cls, folder: Path, file: Path, tool: Mapping[str, Any], shared: SharedSources) -> _Reader:
        by_name: dict[str, Dependency] = {}
        # Poetry 2 declares the requirement in [project] and only its source in a table of its own.
        for dependency in poetry.read_sources(file, tool.get("poetry", {})):
            by_name[dependency.name] = dependency
        own = tool.get("uv", {}).get("sources", {})
        for root, sources in ((folder, own), (shared.root, shared.by_name)):
            for name, source in sources.items():
                for one in source if isinstance(source, list) else [source]:
                    found = _uv_source(root, name, one)
                    if found is not None and (sources is own or name not in own):
                        by_name.setdefault(found.name, found)
        return cls(folder, file, by_name)

    def read(self, lines: Iterable[str]) -> tuple[Dependency, ...]:
        return tuple(self._dependency(line) for line in lines)

    def read_extras(self, extras: Mapping[str, Iterable[str]]) -> dict[str, tuple[Dependency, ...]]:
        return {canonicalize_name(extra): self.read(lines) for extra, lines in extras.items()}

    def _dependency(self, line: str) -> Dependency:
        try:
            requirement = Requirement(line)
        except (InvalidRequirement, TypeError) as error:
            raise ScopedImagesError(
                f"workspace: {self._file}: a dependency is not valid, got {line!r}; fix it: {error}"
            ) from None
        source = self._by_name.get(canonicalize_name(requirement.name))
        if source is None:
            # Match `a @ file:///…/a` by name, because tools resolve the path from different folders.
            remote = "://" in (requirement.url or "") and not str(requirement.url).startswith("file:")
            return Dependency(requirement=requirement, elsewhere="url" if remote else "")
        return Dependency(
            requirement=requirement, folder=source.folder, member=source.member, elsewhere=source.elsewhere
        )


def _uv_source(folder: Path, name: str, source: Mapping[str, Any]) -> Dependency | None:
    requirement = Requirement(name)
    if source.get("workspace") is True:
        return Dependency(requirement=requirement, member=True)
    if "path" in source:
        return path_dependency(requirement, folder, source["path"])
    elsewhere = next((kind for kind in _ELSEWHERE if kind in source), None)
    return Dependency(requirement=requirement, elsewhere=elsewhere) if elsewhere else None


def path_dependency(requirement: Requirement, folder: Path, path: str) -> Dependency:
    """Return the dependency on a package or an archive at a path relative to the folder."""
    if path.endswith(poetry.ARCHIVES):
        return Dependency(requirement=requirement, elsewhere=path)
    return Dependency(requirement=requirement, folder=(folder / path).resolve())
