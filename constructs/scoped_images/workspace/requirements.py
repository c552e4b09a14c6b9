"""Finds the third-party packages that an image installs, from a lock file if there is one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.lock import Lock
from scoped_images.workspace.lock_files import PIP_LOCK
from scoped_images.workspace.locked_lines import locked_lines
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.pip_lock import is_pinned, read_pip_locks, refuse_other_environments
from scoped_images.workspace.pipfile import PIPFILE
from scoped_images.workspace.plain_workload import REQUIREMENTS
from scoped_images.workspace.request import Request
from scoped_images.workspace.requirements_file import Line, read_lines, unmet
from scoped_images.workspace.target import Target
from scoped_images.workspace.version_source import build_requirements

_REQUIRE_HASHES = "--require-hashes"
_HASHES = re.compile(r"(?: \\\n)?\s+--hash=\S+")


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """A requirements file for pip.

    lines: none if nothing is required. files: the files it was made from.
    complete: whether it names every package that its packages need in turn.
    build_constraints: the locked versions of the package's build backend.
    version: the locked version of the package itself.
    """

    lines: tuple[Line, ...]
    files: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    complete: bool = False
    build_constraints: tuple[str, ...] = ()
    version: str | None = None

    @cached_property
    def hashed(self) -> bool:
        """Return whether pip checks every package against a hash, which one line with a hash makes it do."""
        return any(line.hashed for line in self.lines)

    @cached_property
    def text(self) -> str:
        """Return the content of the file; empty if nothing is required."""
        head = (_REQUIRE_HASHES,) if self.hashed else ()
        return "".join(f"{text}\n" for text in dict.fromkeys((*head, *(line.text for line in self.lines))))

    @classmethod
    def join(cls, several: Iterable[Requirements]) -> Requirements:
        """Return what some packages require together, each line once."""
        found = tuple(several)
        if len(found) == 1:
            return found[0]
        lines = {line.text: line for each in found for line in each.lines}
        if not all(each.hashed or not each.lines for each in found):
            # pip requires hashes on all lines or on none.
            plain = {_HASHES.sub("", text): line for text, line in lines.items() if text != _REQUIRE_HASHES}
            lines = {text: dataclasses.replace(line, text=text) for text, line in plain.items()}
        return cls(
            lines=tuple(lines.values()),
            files=tuple(dict.fromkeys(file for each in found for file in each.files)),
            warnings=tuple(dict.fromkeys(warning for each in found for warning in each.warnings)),
            complete=all(each.complete for each in found),
            build_constraints=tuple(sorted({line for each in found for line in each.build_constraints})),
        )


def find_requirements(request: Request) -> Requirements:
    """Return the third-party packages that a package requires.

    Read `requirements.lock` beside it, with `requirements-<extra>.lock` for an extra that the first does not cover.
    Otherwise the nearest lock file that has it, a `requirements.txt` beside it that pins every version, or its own
    ranges, with a warning.
    """
    package, target = request.package, request.target
    direct = request.third_party
    _refuse_elsewhere(package, direct)
    _refuse_python(package, target)
    if (package.folder / PIP_LOCK).is_file():
        return _from_pip_locks(request, package.folder / PIP_LOCK)
    lock = request.workspace.locks.nearest(package, request.dependents)
    if lock is not None:
        return _from_lock(request, lock)
    outdated = request.workspace.root / "uv.lock"
    if request.workspace.is_uv and outdated.is_file():
        raise ScopedImagesError(f"{outdated} does not contain the package {package.name!r}; run `uv lock`")
    if (package.folder / REQUIREMENTS).is_file() and is_pinned(package.folder / REQUIREMENTS):
        return _from_pip_locks(request, package.folder / REQUIREMENTS)
    if package.file is not None and package.file.name == REQUIREMENTS:
        # Of a workload. Raises for a line that its dependencies leave out.
        list(read_lines(package.file))
    return _own_ranges(package, direct)


def _own_ranges(package: Package, direct: Iterable[Dependency]) -> Requirements:
    if package.unknown_dependencies:
        raise ScopedImagesError(
            f"base image {package.name!r}: {package.declared_in} has dynamic dependencies, which only its build "
            f"backend knows; declare them in its [project] table, or put a {PIP_LOCK} beside it"
        )
    for each in direct:
        if each.inexpressible:
            raise ScopedImagesError(
                f"base image {package.name!r}: {package.declared_in} requires {each.name} {each.inexpressible!r}, which "
                "pip cannot express; run `poetry lock`"
            )
    warnings = (_not_reproducible(package, "no lock file"),) if direct else ()
    ranges = sorted({str(dependency.requirement) for dependency in direct})
    return Requirements(lines=tuple(map(Line.of, ranges)), files=(package.declared_in,), warnings=warnings)


def _refuse_elsewhere(package: Package, direct: Iterable[Dependency]) -> None:
    for dependency in direct:
        if dependency.elsewhere or dependency.requirement.url:
            raise ScopedImagesError(
                f"base image {package.name!r}: {package.declared_in} takes {dependency.name!r} from "
                f"{dependency.elsewhere or dependency.requirement.url}, but a base installs from package indexes "
                f"only; publish it there, or declare the base by hand: BaseDeclaration(name={package.name!r}, …)"
            )


def _refuse_python(package: Package, target: Target) -> None:
    if not target.runs(package.requires_python):
        raise ScopedImagesError(
            f"base image {package.name!r}: {package.declared_in} requires Python {package.requires_python}, but the "
            f"image has {target.python}; pass public_image= with another, or change the requirement"
        )


def _from_lock(request: Request, lock: Lock) -> Requirements:
    package, target = request.package, request.target
    if not target.runs(lock.requires_python):
        raise ScopedImagesError(
            f"base image {package.name!r}: {lock.path} is locked for Python {lock.requires_python}, but the image has "
            f"{target.python}; run `{lock.update}` for that Python, or pass public_image= with another"
        )
    try:
        lines = locked_lines(request, lock)
    except ScopedImagesError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ScopedImagesError(f"{lock.path}: is not a valid lock file; lock again") from error
    entry = lock.entry_at(package.folder)
    return Requirements(
        lines=lines,
        files=(lock.path,),
        warnings=_warnings(request, lines, (lock.path,)),
        complete=True,
        build_constraints=lock.constraints(build_requirements(package).values()),
        version=entry.version or None if entry else None,
    )


def _from_pip_locks(request: Request, first: Path) -> Requirements:
    lines, files = read_pip_locks(request, first)
    return Requirements(lines=lines, files=files, warnings=_warnings(request, lines, files))


def _warnings(request: Request, lines: Sequence[Line], paths: Sequence[Path]) -> tuple[str, ...]:
    """Warn of locked versions that the package does not allow. Not an error: uv and pip-compile can override versions.

    Raises ScopedImagesError if the lock is for another environment.
    """
    package, files = request.package, " and ".join(map(str, paths))
    refuse_other_environments(request, lines, files)
    reproducible = any(line.hashed for line in lines) or not lines
    unhashed = () if reproducible else (_not_reproducible(package, f"{files} lacks hashes"),)
    outdated = (
        f"base image {package.name!r}: {package.declared_in} requires {requirement.name}{requirement.specifier}, but "
        f"{files} pins {versions}; lock it again"
        for requirement, versions in unmet((each.requirement for each in request.third_party), lines)
    )
    return (*unhashed, *outdated)


def _not_reproducible(package: Package, reason: str) -> str:
    return (
        f"base image {package.name!r}: {reason}, so two builds under one tag may install different versions; "
        f"lock it with {_way_to_lock(package.declared_in.name)}"
    )


def _way_to_lock(file: str) -> str:
    """Return how to lock a package. file: the name of the one that declares it."""
    pip_compile = f"pip-compile --generate-hashes --output-file={PIP_LOCK}"
    if file == "pyproject.toml":
        return f"`uv lock`, or `{pip_compile}` beside its {file}"
    return f"`{'pipenv lock' if file == PIPFILE else f'{pip_compile} {file}'}` in its folder"
