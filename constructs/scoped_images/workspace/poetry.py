"""Reads Poetry's own tables: dependencies, extras and version constraints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency

ARCHIVES = (".whl", ".tar.gz", ".zip")
_CONSTRAINT = re.compile(r"(\^|~=?|[=!]=|===|[<>]=?|=?)\s*(v?\d[\w.*+!-]*)")


def read_dependencies(
    folder: Path, table: Mapping[str, Any]
) -> tuple[tuple[Dependency, ...], dict[str, tuple[Dependency, ...]]]:
    """Return the dependencies, and for each extra the optional dependencies that it names."""
    always: list[Dependency] = []
    by_name: dict[str, list[Dependency]] = {}
    for name, value in table.get("dependencies", {}).items():
        if name == "python":
            continue
        for constraint in value if isinstance(value, list) else [value]:
            dependency = _dependency(folder, name, constraint)
            by_name.setdefault(dependency.name, []).append(dependency)
            if not (isinstance(constraint, dict) and constraint.get("optional")):
                always.append(dependency)
    extras: dict[str, tuple[Dependency, ...]] = {}
    for extra, names in table.get("extras", {}).items():
        found: list[Dependency] = []
        for name in names:
            if canonicalize_name(name) not in by_name:
                raise ScopedImagesError(
                    f"workspace: {folder / 'pyproject.toml'} names {name!r} in the Poetry extra {extra!r}, but "
                    f"declares no such dependency; it declares: {', '.join(sorted(by_name)) or 'none'}"
                )
            found += by_name[canonicalize_name(name)]
        extras[canonicalize_name(extra)] = tuple(found)
    return tuple(always), extras


def read_sources(folder: Path, table: Mapping[str, Any]) -> Iterator[Dependency]:
    """Yield the dependencies whose source is not a package index."""
    for name, value in table.get("dependencies", {}).items():
        for constraint in value if isinstance(value, list) else [value]:
            if isinstance(constraint, dict) and {"path", "git", "url"} & set(constraint):
                yield _dependency(folder, name, constraint)


def _dependency(folder: Path, name: str, value: str | Mapping[str, Any]) -> Dependency:
    table = {"version": value} if isinstance(value, str) else value
    try:
        requirement = Requirement(_requirement(name, table))
    except InvalidRequirement as error:
        raise ScopedImagesError(
            f"workspace: {folder / 'pyproject.toml'} has the Poetry dependency {name} = {value!r}, which is not "
            f"supported: {error}; declare it in the [project] table"
        ) from None
    path = table.get("path")
    if path is not None and not str(path).endswith(ARCHIVES):
        return Dependency(requirement=requirement, folder=(folder / path).resolve())
    elsewhere = path or next((kind for kind in ("git", "url") if kind in table), "")
    return Dependency(requirement=requirement, elsewhere=elsewhere)


def _requirement(name: str, table: Mapping[str, Any]) -> str:
    """Render the dependency as PEP 508. Raises InvalidRequirement for a constraint that PEP 508 cannot express."""
    markers = [f"({table['markers']})"] if "markers" in table else []
    if "python" in table:
        markers += [_python_marker(part) for part in _specifiers(table["python"])]
    if "platform" in table:
        markers.append(f"sys_platform == '{table['platform']}'")
    extras = f"[{','.join(sorted(table.get('extras', ())))}]"
    text = f"{name}{extras if extras != '[]' else ''}{','.join(_specifiers(table.get('version', '*')))}"
    return f"{text}; {' and '.join(markers)}" if markers else text


def _python_marker(specifier: str) -> str:
    version = specifier.lstrip("<>=!~")
    operator = specifier.removesuffix(version)
    variable = "python_version" if version.count(".") < 2 else "python_full_version"
    return f"{variable} {operator} '{version}'"


def _specifiers(constraint: str) -> list[str]:
    """Return the PEP 440 specifiers of a constraint: https://python-poetry.org/docs/dependency-specification/."""
    found: list[str] = []
    for part in re.split(r"\s*,\s*|\s+(?=[<>=!~^])", constraint.strip()):
        if part in ("", "*"):
            continue
        matched = _CONSTRAINT.fullmatch(part)
        if matched is None:
            # For example `||`: PEP 440 has no "or".
            raise InvalidRequirement(f"PEP 440 cannot express the constraint {part!r}")
        operator, version = matched.groups()
        if operator in ("^", "~"):
            found += [f">={version}", f"<{_next(version, caret=operator == '^')}"]
        else:
            # `=1.2` and `1.2` both mean exactly this version.
            found.append(f"{'==' if operator in ('', '=') else operator}{version}")
    return found


def _next(version: str, *, caret: bool) -> str:
    """Return the first version that a caret or tilde excludes."""
    numbers = [int(number) for number in re.findall(r"\d+", re.split(r"[^\d.]", version)[0])] or [0]
    if caret:
        # The first number that is not zero may not change: ^0.2.3 is <0.3.0.
        last = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        last = min(1, len(numbers) - 1)
    return ".".join(map(str, [*numbers[:last], numbers[last] + 1]))
