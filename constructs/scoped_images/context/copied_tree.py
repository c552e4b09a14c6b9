"""Walks the part of a folder that a COPY takes: everything, or the patterns of `--parents`, without `--exclude`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scoped_images.context.file import Kind
from scoped_images.context.view import ContextView, join
from scoped_images.dockerfile.sources import Source
from scoped_images.patterns.matcher import Matched, PatternMatcher


def copied_tree(view: ContextView, source: Source, folder: str) -> Iterator[tuple[str, Kind]]:
    """Return the paths below a folder that BuildKit's copy takes (fsutil copier.copy); links are not followed."""
    tree = _Tree(view, PatternMatcher.of(source.parents), PatternMatcher.of(source.excludes))
    return tree.walk(folder)


@dataclass(frozen=True)
class _Folder:
    """A folder that is being walked: what the patterns matched so far, and the names that are left."""

    path: str
    relative: str
    taken: Matched
    excluded: Matched
    names: Iterator[str]


@dataclass(frozen=True)
class _Tree:
    view: ContextView
    parents: PatternMatcher
    excludes: PatternMatcher

    def walk(self, folder: str) -> Iterator[tuple[str, Kind]]:
        # Not recursive: folders may nest deeper than Python's stack.
        pending = [_Folder(folder, "", 0, 0, iter(self.view.names(folder)))]
        while pending:
            here = pending[-1]
            name = next(here.names, None)
            if name is None:
                pending.pop()
                continue
            path, below = join(here.path, name), join(here.relative, name)
            taken, taken_here = True, 0
            if self.parents.patterns:
                taken, taken_here = self.parents.match(below, here.taken)
            excluded, excluded_here = self.excludes.match(below, here.excluded)
            if taken and not excluded and (kind := self.view.kind_in_folder(path)) is not None:
                yield path, kind
                if kind is not Kind.DIRECTORY:
                    continue
            if self._enters(below, taken=taken, excluded=excluded) and self.view.is_folder(path):
                names = iter(self.view.names(path))
                pending.append(_Folder(path, below, taken_here, excluded_here, names))

    def _enters(self, folder: str, *, taken: bool, excluded: bool) -> bool:
        if excluded and not self.excludes.has_exceptions:
            return False
        return taken or self.parents.may_match_below(folder)
