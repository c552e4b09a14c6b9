"""The Python packages of a repository, and which of them a requirement means."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from scoped_images.context.folder import existing_folder
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.discovery import (
    PACKAGE_FILES,
    Scope,
    every_folder,
    member_folders,
    named_folders,
)
from scoped_images.workspace.ignored_files import ignored_files
from scoped_images.workspace.lock_files import LockFiles
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.pipfile import PIPFILE
from scoped_images.workspace.plain_workload import REQUIREMENTS, read_plain_workload
from scoped_images.workspace.pyproject import SharedSources, names_of_unreadable, read_package
from scoped_images.workspace.tables import read_pyproject


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Every package that was found. Mistakes in one matter only to those that depend on it.

    root: absolute, links resolved. packages: by normalized name, sorted.
    namesakes: the packages that share a name, which only a path can tell apart.
    unreadable: the folders whose package cannot be read, with the reason.
    unreadable_names: the folders of these, by the normalized names that the packages may have.
    is_uv: whether the packages are the members of a uv workspace.
    """

    root: Path
    packages: Mapping[str, Package]
    namesakes: Mapping[str, tuple[Package, ...]] = field(default_factory=dict)
    unreadable: Mapping[Path, ScopedImagesError] = field(default_factory=dict)
    unreadable_names: Mapping[str, Path] = field(default_factory=dict)
    is_uv: bool = False
    scope: Scope = field(default_factory=Scope)

    @classmethod
    def read(
        cls,
        root: str | Path,
        *,
        packages: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
    ) -> Workspace:
        """Read the members of the root's uv workspace and the packages they name by path, else every package below it.

        Skips files that only configure tools.

        packages: folders to read instead, or patterns of them. exclude: patterns of folders to skip.
        """
        folder, scope = existing_folder(root), Scope(packages=packages, exclude=exclude)
        for name, patterns in (("packages", scope.packages or ()), ("exclude", scope.exclude)):
            for pattern in patterns:
                if Path(pattern).is_relative_to(folder):
                    inside = Path(pattern).relative_to(folder).as_posix()
                    raise ScopedImagesError(
                        f"{name}: must be relative to the root, got {pattern!r}; use {inside!r}"
                    )
        uv: Mapping[str, Any] = _tables(folder).get("tool", {}).get("uv", {})
        is_uv = "workspace" in uv
        if scope.packages is not None:
            folders = named_folders(folder, scope.packages)
        elif is_uv:
            folders = member_folders(folder, uv["workspace"])
        else:
            folders = every_folder(folder, scope)
        sources = uv.get("sources", {}) if is_uv else {}
        found, unreadable = _read_packages(folders, scope, SharedSources(root=folder, by_name=sources))
        return cls(
            root=folder,
            packages={name: each[0] for name, each in sorted(found.items()) if len(each) == 1},
            namesakes={name: tuple(each) for name, each in found.items() if len(each) > 1},
            unreadable=unreadable,
            unreadable_names={name: folder for folder in unreadable for name in names_of_unreadable(folder)},
            is_uv=is_uv and scope.packages is None,
            scope=scope,
        )

    @cached_property
    def ignored(self) -> tuple[str, ...]:
        """Return the files that git ignores, relative to the root."""
        return ignored_files(self.root)

    @cached_property
    def locks(self) -> LockFiles:
        """Return the lock files, each of which is read once."""
        return LockFiles(self.root)

    @cached_property
    def every(self) -> tuple[Package, ...]:
        """Return every package that can be read, those that share a name too."""
        return (*self.packages.values(), *(each for several in self.namesakes.values() for each in several))

    @cached_property
    def _by_folder(self) -> Mapping[Path, Package]:
        return {package.folder: package for package in self.every}

    def package(self, name: str) -> Package:
        """Return the package with a known name. Raises ScopedImagesError if several have it."""
        if name in self.namesakes:
            raise self._several(name)
        return self.packages[name]

    def find(self, workload: str | Path) -> tuple[Package, ...]:
        """Return the package with this name, the packages at or below this folder of the root, or the folder itself.

        A folder without a package is a workload with the requirements of its requirements.txt or of the dependency
        groups in its pyproject.toml, or with none.
        """
        workload = str(workload)
        name = canonicalize_name(workload)
        if name in self.packages or name in self.namesakes:
            return (self.package(name),)
        folder = (self.root / workload).resolve()
        if not workload or not folder.is_dir() or not folder.is_relative_to(self.root):
            raise ScopedImagesError(
                f"workloads: must be packages or folders of {self.root}, got {workload!r}; known packages are "
                f"{self._names()}"
            )
        if folder in self.unreadable:
            raise self.unreadable[folder]
        if folder in self._by_folder:
            return (self._by_folder[folder],)
        below = (
            *(package for package in self.every if package.folder.is_relative_to(folder)),
            *(each for each in self.plain_workloads if each.folder.is_relative_to(folder)),
        )
        if below:
            return tuple(sorted(below, key=lambda package: package.name))
        return (self._plain(folder),)

    @cached_property
    def plain_workloads(self) -> tuple[Package, ...]:
        """Return the folders without a package whose requirements.txt or Pipfile names a folder of the repository."""
        if self.is_uv or self.scope.packages is not None:
            return ()
        found = []
        for folder in every_folder(self.root, self.scope, (REQUIREMENTS, PIPFILE)):
            if any((folder / name).is_file() for name in PACKAGE_FILES) or folder in self._by_folder:
                continue
            try:
                plain = self._plain(folder)
            except ScopedImagesError:
                continue  # It may be for another tool; naming it as a workload reports the mistake.
            if any(dependency.folder for dependency in plain.dependencies):
                found.append(plain)
        return tuple(found)

    def _plain(self, folder: Path) -> Package:
        tables = _tables(folder)
        package = read_package(folder, tables, shared=SharedSources(root=folder))
        if package is not None:  # Outside of the uv workspace, or excluded, and named all the same.
            return package
        plain = read_plain_workload(folder, tables, self._named_at)
        return dataclasses.replace(plain, name=self.workload_name(folder))

    def workload_name(self, folder: Path) -> str:
        """Return the name of the workload in a folder: the package's or the folder's, or the path if another has that."""
        package = self._by_folder.get(folder)
        name = package.name if package else canonicalize_name(folder.name)
        taken = {*self.packages, *self.namesakes}
        if name not in (self.namesakes if package else taken):
            return name
        path = canonicalize_name("-".join(folder.relative_to(self.root).parts) or folder.name)
        return path if path not in taken else f"{path}-workload"

    def _named_at(self, folder: Path) -> str:
        """Return the name of the package in a folder; an empty string if there is none."""
        package = self._by_folder.get(folder)
        return package.name if package else ""

    def local(self, package: Package, dependency: Dependency) -> Package | None:
        """Return the package of the repository that a requirement means; None if it comes from elsewhere.

        By path, by uv's workspace, or by name if the package has a version that is required and the lock file does not
        take it from an index.

        Raises ScopedImagesError if the path or the workspace has no such package, or if the package cannot be read: an
        index may have another one of its name.
        """
        if dependency.folder is not None:
            return self.at(package, dependency.name, dependency.folder)
        if dependency.member:
            if not self._has(dependency.name):
                raise ScopedImagesError(
                    f"workspace: {package.declared_in} takes {dependency.name!r} from the workspace, but no member has "
                    f"that name; members: {self._names()}"
                )
            return self.package(dependency.name)
        if dependency.elsewhere:
            return None
        lock = self.locks.nearest(package)
        source = lock.source(dependency.name) if lock else None
        if isinstance(source, Path):
            return self.at(package, dependency.name, source)
        if source is not None or not self._has(dependency.name):
            return None
        found = self.package(dependency.name)
        specifier = dependency.requirement.specifier
        has_version = found.version is None or specifier.contains(found.version, prereleases=True)
        return found if has_version else None

    def _has(self, name: str) -> bool:
        """Return whether a package has this name. Raises ScopedImagesError if one that cannot be read may have it."""
        if name in self.packages or name in self.namesakes:
            return True
        if name in self.unreadable_names:
            raise self.unreadable[self.unreadable_names[name]]
        return False

    def at(self, package: Package, name: str, folder: Path) -> Package:
        """Return the package in the folder that another one takes a package of this name from."""
        where = f"workspace: {package.declared_in} takes {name!r} from {folder}"
        if folder in self.unreadable:
            raise self.unreadable[folder]
        found = self._by_folder.get(folder)
        if found is not None:
            if found.name != name:
                raise ScopedImagesError(
                    f"{where}, but the package there is called {found.name!r}; use one name for both"
                )
            return found
        if not folder.is_relative_to(self.root):
            raise ScopedImagesError(
                f"{where}, which is outside of the root {self.root}; give the folder that holds both as root"
            )
        if self.scope.skips(self.root, folder):
            raise ScopedImagesError(f"{where}, which exclude= skips; remove it there")
        raise ScopedImagesError(
            f"{where}, which has no {' or '.join(PACKAGE_FILES)} with a name; fix the path, add the package, or leave "
            "out what needs it, with workloads="
        )

    def relative(self, path: Path) -> str:
        """Return a path relative to the root, for messages."""
        return path.relative_to(self.root).as_posix()

    def _names(self) -> str:
        return ", ".join(sorted({*self.packages, *self.namesakes})) or "none"

    def _several(self, name: str) -> ScopedImagesError:
        files = " and ".join(str(package.declared_in) for package in self.namesakes[name])
        return ScopedImagesError(
            f"workspace: several packages have the name {name!r}: {files}; rename one, depend on it by path, or pass "
            "exclude= with the folders that are not packages"
        )


def _read_packages(
    folders: Iterable[Path], scope: Scope, shared: SharedSources
) -> tuple[dict[str, list[Package]], dict[Path, ScopedImagesError]]:
    """Return the packages of folders and those that they name by path, by name, and why others cannot be read."""
    by_name: dict[str, list[Package]] = {}
    unreadable: dict[Path, ScopedImagesError] = {}
    seen: set[Path] = set()
    waiting = [*folders][::-1]
    while waiting:
        folder = waiting.pop()
        outside = not folder.is_relative_to(shared.root) or scope.skips(shared.root, folder)
        if folder in seen or outside or not any((folder / name).is_file() for name in PACKAGE_FILES):
            continue
        seen.add(folder)
        try:
            package = read_package(folder, _tables(folder), shared=shared)
        except ScopedImagesError as error:
            unreadable[folder] = error
            continue
        if package is not None:
            by_name.setdefault(package.name, []).append(package)
            waiting += [each.folder for each in package.declared if each.folder is not None]
    return by_name, unreadable


def _tables(folder: Path) -> dict[str, Any]:
    return read_pyproject(folder) if (folder / "pyproject.toml").is_file() else {}
