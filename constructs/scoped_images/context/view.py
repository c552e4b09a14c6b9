"""The build context as BuildKit sees it: without what the ignore file leaves out, and with links kept inside."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.context.file import Kind
from scoped_images.context.folder import is_output_folder
from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.go_text import clean_path
from scoped_images.patterns.ignore_file import IgnoreFile

# https://github.com/containerd/continuity/blob/v0.4.5/fs/path.go
_MAX_LINKS = 255
_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.LINK}


class LinkLoopError(ScopedImagesError):
    """A link leads back to itself."""


@dataclass(frozen=True)
class Resolved:
    """Where a path leads. links: the symbolic links on the way, which are selected too. kind: None for nowhere."""

    path: str
    links: tuple[str, ...]
    kind: Kind | None


@dataclass(frozen=True)
class ContextView:
    """Looks at single paths and lists single folders; nothing else of the root is ever touched.

    Paths are relative to the root, with forward slashes; `.` is the root.
    without: names to leave out too. An exception of the ignore file (`!`) brings them and CDK's output folder back.
    """

    root: Path
    ignore: IgnoreFile
    without: tuple[str, ...] = ()
    _seen: dict[str, Kind | None] = field(init=False, repr=False, default_factory=dict)
    _special: set[str] = field(init=False, repr=False, default_factory=set)
    # In the order in which they were met; without values.
    special_left_out: dict[str, None] = field(init=False, repr=False, default_factory=dict)
    # Of CDK and of `without`.
    left_out: set[str] = field(init=False, repr=False, default_factory=set)
    # What a listing said of its entries, until they are looked at.
    _listed: dict[str, Kind | None] = field(init=False, repr=False, default_factory=dict)

    def kind(self, path: str) -> Kind | None:
        """Return what is at a path, not following a last link; None when there is nothing to see.

        Raises ScopedImagesError for a socket, device or pipe.
        """
        kind = self._look(path)
        if path in self._special:
            raise ScopedImagesError(
                f"build context: {self.root / path} is a socket, pipe or device; copy a file, or a folder in which it "
                "is left out"
            )
        return kind

    def kind_in_folder(self, path: str) -> Kind | None:
        """Return what is at a path as part of a folder, where a socket, device or pipe is left out."""
        kind = self._look(path)
        if path in self._special:
            self.special_left_out[path] = None
        return kind

    def is_folder(self, path: str) -> bool:
        """Return whether there is a visible folder at a path."""
        return self._look(path) is Kind.DIRECTORY

    def names(self, folder: str) -> list[str]:
        """List a folder, with what the ignore file leaves out, without looking at what it lists."""
        names = []
        try:
            with os.scandir(f"{self.root}/{folder}") as entries:
                for entry in entries:
                    names.append(entry.name)
                    self._listed[join(folder, entry.name)] = _kind(entry)
        except OSError as error:
            raise _unreadable("list", self.root / folder, error) from error
        return sorted(names)

    def resolve(self, path: str) -> Resolved:
        """Follow the links of a path, also its last, as if the root were `/`: `..` and `/` stay inside."""
        links: list[str] = []
        pending = path
        while (link := self._first_link(pending)) is not None:
            links.append(link)
            if len(links) > _MAX_LINKS:
                raise LinkLoopError(f"build context: the link {self.root / link} leads back to itself")
            target = self.target(link)
            if not target.startswith("/"):
                target = f"{link.rpartition('/')[0]}/{target}"
            pending = clean_path(f"/{target}{pending[len(link) :]}")[1:] or "."
        return Resolved(pending, tuple(links), self.kind(pending))

    def target(self, link: str) -> str:
        """Return where a link leads, as it is written."""
        try:
            return os.readlink(self.root / link)  # noqa: PTH115 - Path.readlink drops a trailing slash
        except OSError as error:
            raise _unreadable("read", self.root / link, error) from error

    def _first_link(self, path: str) -> str | None:
        """Return the first component of a path that is a link, as the path up to it."""
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            above = "/".join(parts[:depth])
            kind = self.kind(above)
            if kind is Kind.LINK:
                return above
            if kind is not Kind.DIRECTORY:
                return None
        return None

    def _look(self, path: str) -> Kind | None:
        if path not in self._seen:
            if path != "." and self.ignore.excludes(path):
                self._look_inside(path)
            else:
                kind = self._stat(path)
                if self._is_left_out(path, kind):
                    kind = None
                elif kind is None and os.path.lexists(self.root / path):
                    self._special.add(path)
                self._seen[path] = kind
        return self._seen[path]

    def _look_inside(self, path: str) -> None:
        """Look at a path that is left out: only a folder with something that an exception brings back is visible."""
        self._seen[path] = None
        # Not recursive: folders may nest deeper than Python's stack.
        pending = [(path, iter(self.names(path)))] if self._may_hold(path) else []
        while pending:
            folder, names = pending[-1]
            name = next(names, None)
            if name is None:
                self._seen[folder] = None
                pending.pop()
                continue
            inside = join(folder, name)
            if inside not in self._seen and self.ignore.excludes(inside):
                self._seen[inside] = None
                if self._may_hold(inside):
                    pending.append((inside, iter(self.names(inside))))
            elif self._look(inside) is not None or inside in self._special:
                for above, _ in pending:
                    self._seen[above] = Kind.DIRECTORY
                return

    def _is_left_out(self, path: str, kind: Kind | None) -> bool:
        if not (
            (self.without and path.rpartition("/")[2] in self.without)
            or (kind is Kind.DIRECTORY and path != "." and is_output_folder(f"{self.root}/{path}"))
        ):
            return False
        if self.ignore.keeps(path):
            return False
        self.left_out.add(path)
        return True

    def _may_hold(self, path: str) -> bool:
        if not self.ignore.may_include_below(path) or self._stat(path) is not Kind.DIRECTORY:
            return False
        return not self._is_left_out(path, Kind.DIRECTORY)

    def _stat(self, path: str) -> Kind | None:
        if path in self._listed:
            return self._listed.pop(path)
        try:
            mode = (os.stat if path == "." else os.lstat)(f"{self.root}/{path}").st_mode
        # A ValueError is that of a NUL.
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise _unreadable("look at", self.root / path, error) from error
        return _KINDS.get(stat.S_IFMT(mode))


def _unreadable(what: str, path: Path, error: OSError) -> ScopedImagesError:
    return ScopedImagesError(f"build context: cannot {what} {path}: {error.strerror}")


def _kind(entry: os.DirEntry[str]) -> Kind | None:
    if entry.is_symlink():
        return Kind.LINK
    if entry.is_dir(follow_symlinks=False):
        return Kind.DIRECTORY
    return Kind.FILE if entry.is_file(follow_symlinks=False) else None


def join(folder: str, name: str) -> str:
    """Join two relative paths; `.` and an empty folder are the root."""
    return name if folder in (".", "") else f"{folder}/{name}"
