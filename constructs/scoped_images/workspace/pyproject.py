"""Reads a package from its pyproject.toml: PEP 621 with uv's or Poetry's sources, or Poetry's own tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace import poetry
from scoped_images.workspace.package import Dependency, Package

_ELSEWHERE = ("git", "url", "file")


@dataclass(frozen=True, kw_only=True)
class SharedSources:
    """`[tool.uv.sources]` of a workspace's root, which also apply to its members."""

    root: Path
    by_name: Mapping[str, Any] = field(default_factory=dict)


def read_package(
    folder: Path, tables: Mapping[str, Any], *, shared: SharedSources | None = None
) -> Package | None:
    """Read the package of a folder. Return None if the file only configures tools."""
    pyproject = folder / "pyproject.toml"
    project, tool = tables.get("project"), tables.get("tool", {})
    own = tool.get("poetry")
    if project is None and own is None:
        return None
    name = (project or {}).get("name") or (own or {}).get("name")
    if name is None and own is not None and own.get("package-mode") is False:
        name = folder.name
    if not isinstance(name, str) or not name:
        raise ScopedImagesError(
            f"workspace: {pyproject} has no package name; set name in its [project] table"
        )
    sources = _Sources.of(folder, tool, shared or SharedSources(root=folder))
    if project is None or ("dependencies" in project.get("dynamic", ()) and own is not None):
        dependencies, extras = poetry.read_dependencies(folder, own or {})
    else:
        dependencies = sources.read(project.get("dependencies", ()))
        extras = {
            canonicalize_name(extra): sources.read(lines)
            for extra, lines in project.get("optional-dependencies", {}).items()
        }
    return Package(
        name=canonicalize_name(name),
        folder=folder,
        dependencies=tuple(dependencies),
        extras=extras,
        tables=tables,
    )


class _Sources:
    """The declared sources of one file's requirements."""

    def __init__(self, folder: Path, by_name: Mapping[str, Dependency]) -> None:
        self._folder, self._by_name = folder, by_name

    @classmethod
    def of(cls, folder: Path, tool: Mapping[str, Any], shared: SharedSources) -> _Sources:
        by_name: dict[str, Dependency] = {}
        # Poetry 2 declares the requirement in [project] and only its source in a table of its own.
        for dependency in poetry.read_sources(folder, tool.get("poetry", {})):
            by_name[dependency.name] = dependency
        own = tool.get("uv", {}).get("sources", {})
        for root, sources in ((folder, own), (shared.root, shared.by_name)):
            for name, source in sources.items():
                for one in source if isinstance(source, list) else [source]:
                    found = _uv_source(root, name, one)
                    if found is not None and (sources is own or name not in own):
                        by_name.setdefault(found.name, found)
        return cls(folder, by_name)

    def read(self, lines: Iterable[str]) -> tuple[Dependency, ...]:
        return tuple(self._dependency(line) for line in lines)

    def _dependency(self, line: str) -> Dependency:
        try:
            requirement = Requirement(line)
        except (InvalidRequirement, TypeError) as error:
            raise ScopedImagesError(
                f"workspace: {self._folder / 'pyproject.toml'} has the dependency {line!r}, which is not valid: {error}"
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
