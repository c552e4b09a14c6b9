"""Finds the patterns with which `cdk watch` observes what an app is made of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from scoped_images.context.file import ContextFile, Kind
from scoped_images.context.scoped_context import ScopedContext

# In the cloud assembly: {"include": [patterns]}, relative to the folder that synth ran in.
WATCH_FILE = "scoped-images-watch.json"

_INSTALLED_OR_HIDDEN = re.compile(r"(^|/)((site|dist)-packages/|\.[^./])")
_SPECIAL = re.compile(r"[\\*?\[\](){}!+@|]")


def watch_patterns(
    contexts: Iterable[ScopedContext], modules: Iterable[str], *, files: Iterable[Path] = (), folder: Path
) -> list[str]:
    """Return the patterns for the contexts and for the app's own Python files, sorted.

    A file in `folder` itself is a pattern. For any other file it is its folder with all below, so that new files count.
    modules: files of Python code; those below `folder` are the app's own. files: further files.
    """
    found = _relative(map(str, files), folder)
    for context in contexts:
        found.update(_relative(map(str, (context.dockerfile, *context.generated_from)), folder))
        found.update(_relative(_paths(context.root, context.files), folder))
        for named in context.named.values():
            found.update(_relative(_paths(named.root, named.files), folder))
    found.update(path for path in _relative(modules, folder) if not path.startswith("../"))
    in_folder = {path for path in found if "/" not in path}
    folders = _topmost(path.rpartition("/")[0] for path in found - in_folder)
    return sorted([*map(_escaped, in_folder), *(f"{_escaped(each)}/**" for each in folders)])


def _paths(root: Path, entries: Iterable[ContextFile]) -> list[str]:
    return [f"{root}/{entry.path}" for entry in entries if entry.kind is not Kind.DIRECTORY]


def _relative(paths: Iterable[str], folder: Path) -> set[str]:
    """Return the paths from `folder`, without files that are installed or hidden, which the CLI never observes."""
    # By folder: a context may have very many files.
    names: dict[str, set[str]] = {}
    for path in paths:
        above, name = os.path.split(path)
        names.setdefault(above, set()).add(name)
    relative: set[str] = set()
    for above, here in names.items():
        place = os.path.relpath(above or os.curdir, folder)
        relative |= here if place == os.curdir else {f"{place}/{name}" for name in here}
    return {path for path in relative if not _INSTALLED_OR_HIDDEN.search(path)}


def _topmost(folders: Iterable[str]) -> list[str]:
    """Return the folders that lie in none of the others."""
    every = set(folders)
    return [each for each in every if every.isdisjoint(_above(each))]


def _above(path: str) -> Iterator[str]:
    """Yield the folders that a relative path lies in, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _escaped(path: str) -> str:
    """Return the path as a glob: the CLI takes a backslash for a separator, so that nothing can be escaped."""
    return _SPECIAL.sub("?", path)
