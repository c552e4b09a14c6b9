"""What of a package's folder is its source: the files that Python imports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoped_images.context_size import SizeLimit, read_files
from scoped_images.errors import ScopedImagesError
from scoped_images.folder import whole_folder
from scoped_images.ignore_file import IgnoreFile
from scoped_images.named_context import NamedContext
from scoped_images.workspace.package import Package

# What running or installing the source leaves in it. A line of the package's own .dockerignore can bring it back.
_LEFT_OUT = "**/__pycache__\n**/*.py[co]\n**/*.egg-info\n"


@dataclass(frozen=True, kw_only=True)
class SourceLayout:
    """folder: relative to the package's, that Python would import from. included: names in it; empty for all."""

    folder: str
    included: tuple[str, ...] = ()


def source_files(package: Package, *, max_bytes: int) -> NamedContext:
    """Read the source, with paths as Python imports them.

    `.dockerignore` in the package's folder leaves out what it leaves out there.
    """
    layout = find_layout(package)
    ignore = _ignore_file(package.folder)
    prefix = f"{layout.folder}/" if layout.folder != "." else ""
    paths = [
        path.removeprefix(prefix)
        for included in layout.included or (".",)
        for path in _below(
            package.folder, f"{prefix}{included}" if layout.included else layout.folder, ignore
        )
    ]
    root = package.folder / layout.folder
    if not any((root / path).is_file() for path in paths):
        raise _no_source(package, f"{package.folder / '.dockerignore'} leaves out all of {root}")
    limit = SizeLimit(
        max_bytes=max_bytes,
        context=f"source of {package.name}",
        ignore_file=".dockerignore",
        dockerfile="its Dockerfile",
    )
    return NamedContext(root=root, files=read_files(root, [(path, ()) for path in paths], limit))


def find_layout(package: Package) -> SourceLayout:
    """Return where a package's source lies: as Poetry or setuptools are told, else `src/`, else `<import name>/`.

    Raises ScopedImagesError where none of them is there.
    """
    folder, tool = package.folder, package.tables.get("tool", {})
    layout = _poetry(package, tool.get("poetry", {})) or _setuptools(tool.get("setuptools", {}))
    import_name = package.name.replace("-", "_")
    if layout is None and (folder / "src").is_dir():
        layout = SourceLayout(folder="src")
    if layout is None:
        found = tuple(name for name in (import_name, f"{import_name}.py") if (folder / name).exists())
        if not found:
            raise _no_source(package, f"{folder} has neither src/ nor {import_name}/ nor {import_name}.py")
        layout = SourceLayout(folder=".", included=found)
    absent = [
        str(path)
        for path in (folder / layout.folder / name for name in layout.included or (".",))
        if not path.exists()
    ]
    if absent:
        raise _no_source(package, f"{package.pyproject} says that it is in {absent[0]}, which is not there")
    return layout


def _poetry(package: Package, table: dict[str, Any]) -> SourceLayout | None:
    entries = table.get("packages", [])
    if not entries:
        return None
    folders = {entry.get("from", ".") for entry in entries}
    names = tuple(sorted(str(entry.get("include", "")) for entry in entries))
    plain = not any(set(name) & set("*?[") for name in names)
    if len(folders) > 1 or not plain or not all(names) or any("to" in entry for entry in entries):
        raise _no_source(
            package, f"{package.pyproject} has [tool.poetry] packages with several folders, patterns or `to`"
        )
    return SourceLayout(folder=folders.pop(), included=names)


def _setuptools(table: dict[str, Any]) -> SourceLayout | None:
    packages = table.get("packages")
    where = packages.get("find", {}).get("where", []) if isinstance(packages, dict) else []
    folder = where[0] if len(where) == 1 else table.get("package-dir", {}).get("")
    return SourceLayout(folder=folder) if folder not in (None, ".", "") else None


def _below(folder: Path, path: str, ignore: IgnoreFile) -> Iterator[str]:
    """Yield a file, or a folder and what is in it, less what the rules leave out."""
    if not (folder / path).is_dir():
        if not ignore.excludes(path):
            yield path
        return
    if ignore.excludes(path) and not ignore.may_include_below(path):
        return
    yield from whole_folder(folder, ignore, below=path)


def _ignore_file(folder: Path) -> IgnoreFile:
    own = IgnoreFile.read(folder, folder / "Dockerfile")
    return IgnoreFile((*IgnoreFile.parse(_LEFT_OUT, name="scoped_images").rules, *own.rules))


def _no_source(package: Package, reason: str) -> ScopedImagesError:
    return ScopedImagesError(
        f"base image {package.name!r}: its source is not found: {reason}. Declare its base by hand: "
        f"BaseDeclaration(name={package.name!r}, context=ScopedContext.of(…))"
    )
