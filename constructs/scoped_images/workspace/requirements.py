"""Finds the third-party packages that a base installs, from a lock file if there is one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.pins import unmet
from scoped_images.workspace.pip_lock import read_pip_locks
from scoped_images.workspace.tables import read_toml
from scoped_images.workspace.uv_lock import UvLock
from scoped_images.workspace.version_source import build_requirements
from scoped_images.workspace.workspace import Workspace

LOCK = "requirements.lock"
UV_LOCK = "uv.lock"


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """A requirements file for pip.

    text: its content; empty if nothing is required. files: the files it was made from.
    complete: whether it names every package that its packages need in turn.
    build_constraints: the locked versions of the package's build backend.
    version: the locked version of the package itself.
    """

    text: str
    files: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    complete: bool = False
    build_constraints: tuple[str, ...] = ()
    version: str | None = None

    @property
    def hashed(self) -> bool:
        """Return whether pip checks every package against a hash."""
        return self.text.startswith("--require-hashes\n")

    @classmethod
    def of(cls, lines: Iterable[str], *, files: Iterable[Path], warnings: Iterable[str] = ()) -> Requirements:
        """Join the lines into one file. If one line has a hash, pip requires hashes on all of them."""
        body = "".join(f"{line}\n" for line in lines)
        head = "--require-hashes\n" if "--hash=" in body and "--require-hashes" not in body else ""
        return cls(text=head + body, files=tuple(files), warnings=tuple(warnings))


def find_requirements(workspace: Workspace, package: Package, extras: frozenset[str]) -> Requirements:
    """Return the third-party packages that a package requires with these extras.

    Read `requirements.lock` beside its pyproject.toml, with `requirements-<extra>.lock` for an extra that the first
    does not cover. Otherwise read the nearest uv.lock. Otherwise return the package's own ranges, with a warning.
    """
    direct = workspace.third_party(package.requires(extras))
    for dependency in direct:
        if dependency.elsewhere or dependency.requirement.url:
            raise ScopedImagesError(
                f"base image {package.name!r}: {package.pyproject} takes {dependency.name!r} from "
                f"{dependency.elsewhere or dependency.requirement.url}, but a base installs from package indexes "
                f"only; publish it there, or declare the base by hand: BaseDeclaration(name={package.name!r}, …)"
            )
    if (package.folder / LOCK).is_file():
        return _with_outdated(package, direct, _from_pip_locks(workspace, package, extras))
    uv_lock = _nearest_uv_lock(workspace, package)
    if uv_lock is not None:
        lines = _of_uv_lock(uv_lock, workspace, package, extras, {each.name for each in direct})
        found = dataclasses.replace(
            Requirements.of(lines, files=(uv_lock,)),
            complete=True,
            build_constraints=UvLock.of(uv_lock, read_toml(uv_lock)).build_constraints(
                build_requirements(package).values()
            ),
        )
        return _with_outdated(package, direct, found)
    if package.has_unknown_dependencies:
        raise ScopedImagesError(
            f"base image {package.name!r}: {package.pyproject} has dynamic dependencies, which only its build "
            f"backend knows; declare them in its [project] table, or put a {LOCK} beside it"
        )
    warnings = (_not_reproducible(package, "no lock file"),) if direct else ()
    ranges = sorted({str(dependency.requirement) for dependency in direct})
    return Requirements.of(ranges, files=(package.pyproject,), warnings=warnings)


def _with_outdated(package: Package, direct: Iterable[Dependency], locked: Requirements) -> Requirements:
    """Warn of locked versions that the package does not allow. Not an error: uv and pip-compile can override versions."""
    outdated = (
        f"base image {package.name!r}: {package.pyproject} requires {requirement.name}{requirement.specifier}, but "
        f"{' and '.join(map(str, locked.files))} pins {versions}; lock it again"
        for requirement, versions in unmet((each.requirement for each in direct), locked.text)
    )
    return dataclasses.replace(locked, warnings=(*locked.warnings, *outdated))


def _from_pip_locks(workspace: Workspace, package: Package, extras: frozenset[str]) -> Requirements:
    required: dict[Path, tuple[Dependency, ...]] = {
        package.folder / LOCK: workspace.third_party(package.requires(()))
    }
    for extra in sorted(extras):
        path = package.folder / f"requirements-{extra}.lock"
        asked = workspace.third_party(package.extras[extra])
        required[path if path.is_file() else package.folder / LOCK] = (
            *required.get(path if path.is_file() else package.folder / LOCK, ()),
            *(each for each in asked if each.name != package.name),
        )
    lines = read_pip_locks(
        package, required, local={each.name: each.folder for each in workspace.packages.values()}
    )
    requirements = Requirements.of(lines, files=tuple(required))
    if lines and not requirements.hashed:
        warning = _not_reproducible(package, f"{workspace.relative(package.folder / LOCK)} has no hashes")
        return Requirements.of(lines, files=tuple(required), warnings=(warning,))
    return requirements


def _of_uv_lock(
    path: Path, workspace: Workspace, package: Package, extras: frozenset[str], direct: set[str]
) -> tuple[str, ...]:
    try:
        lock = UvLock.of(path, read_toml(path))
        return lock.requirements(package.name, extras, direct=direct, local=set(workspace.packages))
    except ScopedImagesError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Only uv writes this file, so the tables are not checked one by one.
        raise ScopedImagesError(f"{path}: not a lock file that uv wrote; run `uv lock`") from error


def _nearest_uv_lock(workspace: Workspace, package: Package) -> Path | None:
    for folder in (package.folder, *package.folder.parents):
        if (folder / UV_LOCK).is_file():
            return folder / UV_LOCK
        if folder == workspace.root:
            return None
    return None


def _not_reproducible(package: Package, reason: str) -> str:
    return (
        f"base image {package.name!r}: {reason}, so two builds under one tag may install different versions; "
        f"lock it with `uv lock`, or `pip-compile --generate-hashes --output-file={LOCK}` beside its pyproject.toml"
    )
