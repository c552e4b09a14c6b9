"""The Python packages of a repository and their dependencies on each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from scoped_images.context.folder import existing_folder
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.cycles import find_cycle
from scoped_images.workspace.discovery import every_folder, member_folders
from scoped_images.workspace.ignored_files import ignored_files
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.pyproject import SharedSources, read_package
from scoped_images.workspace.tables import read_pyproject


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """root: absolute, links resolved. packages: by normalized name, sorted."""

    root: Path
    packages: Mapping[str, Package]

    @cached_property
    def ignored(self) -> tuple[str, ...]:
        """Return the files that git ignores, relative to the root."""
        return ignored_files(self.root)

    @classmethod
    def read(cls, root: str | Path) -> Workspace:
        """Read the members of the root's uv workspace and the packages they name by path, else every package below it.

        Skips a pyproject.toml that only configures tools.

        Raises ScopedImagesError if a named package does not exist or is outside of the root, if two packages share a
        name, if a file is not valid TOML or has no package name, and if packages depend on each other in a cycle.
        """
        folder = existing_folder(root)
        tables = read_pyproject(folder) if (folder / "pyproject.toml").is_file() else {}
        uv: Mapping[str, Any] = tables.get("tool", {}).get("uv", {})
        if "workspace" in uv:
            folders = member_folders(folder, uv["workspace"])
            shared = uv.get("sources", {})
        else:
            folders, shared = every_folder(folder), {}
        packages = _read_all(folder, folders, SharedSources(root=folder, by_name=shared))
        if not packages:
            raise ScopedImagesError(
                f"workspace: found no Python package in {folder}; give the folder that holds the packages as root, "
                "each with a pyproject.toml that has a name"
            )
        workspace = cls(root=folder, packages=dict(sorted(packages.items())))
        workspace._check_dependencies()
        return workspace

    def package(self, name: str) -> Package:
        """Return the package with a normalized name."""
        if name not in self.packages:
            raise ScopedImagesError(f"workspace: unknown package {name!r}; known: {self._names()}")
        return self.packages[name]

    def find(self, workload: str | Path) -> tuple[Package, ...]:
        """Return the package with this name, or the packages at or below this folder of the root."""
        workload = str(workload)
        if canonicalize_name(workload) in self.packages:
            return (self.packages[canonicalize_name(workload)],)
        folder = (self.root / workload).resolve()
        found = tuple(package for package in self.packages.values() if package.folder.is_relative_to(folder))
        if not found or not workload or not folder.is_relative_to(self.root):
            raise ScopedImagesError(
                f"workloads: {workload!r} is neither a package nor a folder with one in {self.root}; known packages: "
                f"{self._names()}"
            )
        return found

    def is_local(self, dependency: Dependency) -> bool:
        """Return whether it is a package of the repository, by path, by uv's workspace or by name."""
        return (
            dependency.folder is not None
            or dependency.member
            or (not dependency.elsewhere and dependency.name in self.packages)
        )

    def local(self, dependencies: Iterable[Dependency]) -> tuple[Dependency, ...]:
        """Return the dependencies that are packages of the repository."""
        return tuple(dependency for dependency in dependencies if self.is_local(dependency))

    def third_party(self, dependencies: Iterable[Dependency]) -> tuple[Dependency, ...]:
        """Return the dependencies that are not."""
        return tuple(dependency for dependency in dependencies if not self.is_local(dependency))

    def relative(self, path: Path) -> str:
        """Return a path relative to the root, for messages."""
        return path.relative_to(self.root).as_posix()

    def _names(self) -> str:
        return ", ".join(self.packages) or "none"

    def _check_dependencies(self) -> None:
        for package in self.packages.values():
            declared = (*package.dependencies, *(each for extra in package.extras.values() for each in extra))
            for dependency in self.local(declared):
                if dependency.member and dependency.name not in self.packages:
                    raise ScopedImagesError(
                        f"workspace: {package.pyproject} takes {dependency.name!r} from the workspace, but no member has "
                        f"that name; members: {self._names()}"
                    )
        cycle = find_cycle(
            {
                name: {each.name for each in self.local(package.requires(()))}
                for name, package in self.packages.items()
            }
        )
        refuse_cycle(cycle)


def refuse_cycle(cycle: tuple[str, ...]) -> None:
    """Raise if there is a cycle."""
    if cycle:
        raise ScopedImagesError(
            f"workspace: packages depend on each other in a cycle: {' → '.join(cycle)}; move what they share into a "
            "package of its own"
        )


def _read_all(root: Path, folders: Sequence[Path], shared: SharedSources) -> dict[str, Package]:
    packages: dict[str, Package] = {}
    waiting: list[tuple[Path, Package | None, Dependency | None]] = [
        (folder, None, None) for folder in folders if (folder / "pyproject.toml").is_file()
    ]
    seen: set[Path] = set()
    while waiting:
        folder, dependent, dependency = waiting.pop(0)
        package = _package_at(packages, folder) if folder in seen else None
        if folder not in seen:
            seen.add(folder)
            if dependent is not None and dependency is not None:
                _refuse_absent(root, folder, dependent, dependency)
            package = read_package(folder, read_pyproject(folder), shared=shared)
            if package is not None:
                _add(packages, package)
                declared = (
                    *package.dependencies,
                    *(each for extra in package.extras.values() for each in extra),
                )
                waiting += [(each.folder, package, each) for each in declared if each.folder is not None]
        if dependent is not None and dependency is not None:
            _refuse_other_name(folder, package, dependent, dependency)
    return packages


def _package_at(packages: Mapping[str, Package], folder: Path) -> Package | None:
    """Return the package in a folder."""
    return next((package for package in packages.values() if package.folder == folder), None)


def _refuse_absent(root: Path, folder: Path, dependent: Package, dependency: Dependency) -> None:
    where = f"workspace: {dependent.pyproject} takes {dependency.name!r} from {folder}"
    if not folder.is_relative_to(root):
        raise ScopedImagesError(
            f"{where}, which is outside of the root {root}: give the folder that holds both as root"
        )
    if not (folder / "pyproject.toml").is_file():
        raise ScopedImagesError(f"{where}, which has no pyproject.toml; fix the path, or add the package")


def _refuse_other_name(
    folder: Path, package: Package | None, dependent: Package, dependency: Dependency
) -> None:
    if package is None or package.name != dependency.name:
        has = f"is called {package.name!r}" if package else "has no name"
        raise ScopedImagesError(
            f"workspace: {dependent.pyproject} takes {dependency.name!r} from {folder}, but the package there {has}; "
            "use one name for both"
        )


def _add(packages: dict[str, Package], package: Package) -> None:
    other = packages.get(package.name)
    if other is not None:
        raise ScopedImagesError(
            f"workspace: two packages have the name {package.name!r}: {other.pyproject} and {package.pyproject}; rename "
            "one, or name the members in [tool.uv.workspace] of the root's pyproject.toml"
        )
    packages[package.name] = package
