"""Finds the files of a package that Python imports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scoped_images.context.folder import whole_folder
from scoped_images.context.ignore_file import read_ignore_file
from scoped_images.context.named import NamedContext
from scoped_images.context.size import SizeLimit, read_files
from scoped_images.patterns.ignore_file import IgnoreFile
from scoped_images.workspace.package import Package
from scoped_images.workspace.source_layout import find_layout, no_source

# Running, checking or installing a package leaves these in its folder. Without them a laptop and CI compute one tag.
# An exception (`!`) in the package's own .dockerignore brings them back.
_LEFT_OUT = "**/__pycache__\n**/*.py[co]\n**/*.egg-info\n**/.*_cache\n**/.DS_Store\n"


def source_files(package: Package, *, max_bytes: int) -> NamedContext:
    """Read the source files, with paths as Python imports them.

    The `.dockerignore` in the package's folder applies. Empty folders are left out, because git does not track them and
    leaves some behind when a branch changes.
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
    files = [path for path in paths if (root / path).is_symlink() or not (root / path).is_dir()]
    if not files:
        raise no_source(
            package, f"{root} has no file, or {package.folder / '.dockerignore'} excludes all of them"
        )
    for path in files:
        _refuse_link_out(package, root, root / path)
    holding = {str(folder) for file in files for folder in PurePosixPath(file).parents}
    paths = sorted({*files, *(holding & set(paths))}, key=os.fsencode)
    limit = SizeLimit(
        max_bytes=max_bytes,
        context=f"source of {package.name}",
        ignore_file=".dockerignore",
        dockerfile="its Dockerfile",
    )
    return NamedContext(root=root, files=read_files(root, [(path, ()) for path in paths], limit))


def _refuse_link_out(package: Package, root: Path, path: Path) -> None:
    """Raise for a link out of the source: it is copied as a link and would dangle in the image."""
    if not path.is_symlink() or path.readlink().is_absolute():
        return
    target = (path.parent.resolve() / path.readlink()).resolve()
    if not target.is_relative_to(root.resolve()):
        raise no_source(package, f"{path} is a link to {target}, which is outside of {root}")


def _below(folder: Path, path: str, ignore: IgnoreFile) -> Iterator[str]:
    """Yield a file, or a folder with its content, except what the ignore rules exclude."""
    if not (folder / path).is_dir():
        if not ignore.excludes(path):
            yield path
        return
    if ignore.excludes(path) and not ignore.may_include_below(path):
        return
    yield from whole_folder(folder, ignore, below=path).paths


def _ignore_file(folder: Path) -> IgnoreFile:
    own = read_ignore_file(folder, folder / "Dockerfile")
    return IgnoreFile((*IgnoreFile.parse(_LEFT_OUT, name="scoped_images").rules, *own.rules))
