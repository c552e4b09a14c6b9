"""What of a package's folder is its source: the files that Python imports."""

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

# What running, checking or installing the source leaves in it, so that a laptop and CI have one tag. A line of the
# package's own .dockerignore can bring it back.
_LEFT_OUT = "**/__pycache__\n**/*.py[co]\n**/*.egg-info\n**/.*_cache\n**/.DS_Store\n"


def source_files(package: Package, *, max_bytes: int) -> NamedContext:
    """Read the source, with paths as Python imports them.

    `.dockerignore` in the package's folder leaves out what it leaves out there. Folders without a file in them are
    left out: git has none, and a change of branch leaves some.
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
            package, f"there is no file in {root}, or {package.folder / '.dockerignore'} leaves out all"
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
    """A link is copied as it is, so that one out of the source would lead nowhere in the image."""
    if not path.is_symlink() or path.readlink().is_absolute():
        return
    target = (path.parent.resolve() / path.readlink()).resolve()
    if not target.is_relative_to(root.resolve()):
        raise no_source(package, f"{path} is a link to {target}, which is outside of {root}")


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
    own = read_ignore_file(folder, folder / "Dockerfile")
    return IgnoreFile((*IgnoreFile.parse(_LEFT_OUT, name="scoped_images").rules, *own.rules))
