"""Finds the source of a package: where its build backend is configured to look, else in the usual places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Package


@dataclass(frozen=True, kw_only=True)
class SourceLayout:
    """Where a package's source is.

    folder: the import root, relative to the package's folder. included: names in it; empty for all.
    """

    folder: str
    included: tuple[str, ...] = ()


def find_layout(package: Package) -> SourceLayout:
    """Return where a package's source is: from the settings of Poetry, Hatch, uv or setuptools, else `src/` or
    `<import name>/`.


    Raises ScopedImagesError if that place does not exist.
    """
    folder = package.folder
    layout = (
        _poetry(package) or _hatch(package) or _uv(package) or _setuptools(package) or _usual_place(package)
    )
    absent = [
        str(path)
        for path in (folder / layout.folder / name for name in layout.included or (".",))
        if not path.exists()
    ]
    if absent:
        raise no_source(package, f"{package.pyproject} names {absent[0]}, which does not exist")
    return layout


def no_source(package: Package, reason: str) -> ScopedImagesError:
    """Return the error for a package whose source is not found."""
    return ScopedImagesError(
        f"base image {package.name!r}: source not found: {reason}; declare its base by hand: "
        f"BaseDeclaration(name={package.name!r}, context=ScopedContext.of(…))"
    )


def _usual_place(package: Package) -> SourceLayout:
    import_name = _import_name(package)
    flat = tuple(name for name in (import_name, f"{import_name}.py") if (package.folder / name).exists())
    source = package.folder / "src"
    # A folder src/ may hold another language's files.
    if source.is_dir() and (not flat or any((source / name).exists() for name in flat)):
        return SourceLayout(folder="src")
    if not flat:
        raise no_source(package, f"{package.folder} has neither src/ nor {import_name}/ nor {import_name}.py")
    return SourceLayout(folder=".", included=flat)


def _poetry(package: Package) -> SourceLayout | None:
    entries = _setting(package, "poetry.packages") or []
    names = tuple(sorted(str(entry.get("include", "")) for entry in entries))
    if any("to" in entry for entry in entries) or not all(names):
        raise _too_much(package, "[tool.poetry] packages")
    return _of_one_folder(
        package, "[tool.poetry] packages", [entry.get("from", ".") for entry in entries], names
    )


def _hatch(package: Package) -> SourceLayout | None:
    """https://hatch.pypa.io/latest/plugins/builder/wheel/: Python imports each by its last part."""
    paths = [PurePosixPath(path) for path in _setting(package, "hatch.build.targets.wheel.packages") or []]
    return _of_one_folder(
        package, "[tool.hatch] packages", [str(path.parent) for path in paths], [path.name for path in paths]
    )


def _uv(package: Package) -> SourceLayout | None:
    """https://docs.astral.sh/uv/reference/settings/#build-backend."""
    root, names = (
        _setting(package, "uv.build-backend.module-root"),
        _setting(package, "uv.build-backend.module-name"),
    )
    if root is None and names is None:
        return None
    modules = [names] if isinstance(names, str) else names or [_import_name(package)]
    return SourceLayout(
        folder="src" if root is None else root or ".", included=tuple(sorted(map(_path, modules)))
    )


def _setuptools(package: Package) -> SourceLayout | None:
    folder = (_setting(package, "setuptools.package-dir") or {}).get("") or "."
    listed = _setting(package, "setuptools.packages")
    modules = [f"{_path(module)}.py" for module in _setting(package, "setuptools.py-modules") or []]
    if isinstance(listed, list) and (listed or modules):
        paths = sorted(map(_path, listed))
        tops = [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]
        return SourceLayout(folder=folder, included=tuple(sorted({*tops, *modules})))
    where = _setting(package, "setuptools.packages.find.where") or []
    folder = where[0] if len(where) == 1 else folder
    return SourceLayout(folder=folder) if folder not in (".", "") else None


def _of_one_folder(
    package: Package, key: str, folders: Iterable[str], names: Iterable[str]
) -> SourceLayout | None:
    found, included = set(folders), tuple(sorted(names))
    if not found:
        return None
    if len(found) > 1 or any(set(name) & set("*?[") for name in included):
        raise _too_much(package, key)
    return SourceLayout(folder=found.pop(), included=included)


def _too_much(package: Package, key: str) -> ScopedImagesError:
    return no_source(package, f"{package.pyproject} has {key} with several folders, patterns or `to`")


def _import_name(package: Package) -> str:
    return package.name.replace("-", "_")


def _path(module: str) -> str:
    """Return the path of a dotted import name."""
    return module.replace(".", "/")


def _setting(package: Package, key: str) -> Any:
    """Return the value of a dotted key below [tool], or None."""
    value: Any = package.tables.get("tool")
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
