"""Selects the files, folders and links of a build context that the sources ask for.

It follows BuildKit's own copy, over the part of the context that BuildKit's client would send:
https://github.com/tonistiigi/fsutil/blob/master/copy/copy.go.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from scoped_images.context.copied_tree import copied_tree
from scoped_images.context.file import Kind, refuse_bad_name
from scoped_images.context.view import ContextView, LinkLoopError, Resolved, join
from scoped_images.dockerfile.sources import ContextSources, Source
from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.go_match import BadPatternError, GoPattern, split_wildcards
from scoped_images.patterns.ignore_file import IgnoreFile


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What goes into the scoped context.

    lines: by path, sorted and folders on the way included, the lines of the Dockerfile that ask for it; 0 for
        `include`; none where a whole folder is given.
    """

    lines: Mapping[str, tuple[int, ...]]
    warnings: tuple[str, ...] = ()


def whole_folder(root: Path, ignore: IgnoreFile, *, without: tuple[str, ...] = ()) -> Selection:
    """Return all of a folder, without what the ignore file leaves out and without CDK's output folder.

    without: more names to leave out. An exception of the ignore file (`!`) brings them and CDK's output back.
    """
    view = ContextView(root, ignore, without)
    whole = Source.whole(line=0, instruction="", written=".")
    paths = sorted((path for path, _ in copied_tree(view, whole, ".")), key=os.fsencode)
    return Selection(lines=dict.fromkeys(paths, ()), warnings=_special_left_out(view))


def select_files(root: Path, sources: ContextSources, ignore: IgnoreFile) -> Selection:
    """Return what the sources select of the folder `root`.

    Only folders that a source may read are listed. Raises ScopedImagesError for a source that BuildKit would not
    find, a link that leads nowhere, a device, and a name that is not UTF-8.
    """
    selector = _Selector(ContextView(root, ignore), sources.dockerfile)
    for source in sources.sources:
        selector.add(source)
    selector.report_empty_wildcards()
    return Selection(
        lines={path: tuple(sorted(selector.found[path])) for path in sorted(selector.found, key=str.encode)},
        warnings=(*selector.warnings, *_special_left_out(selector.view)),
    )


class MissingSourceError(ScopedImagesError):
    """A source that is not in the root.

    source: the instruction, as messages call it.
    path: of what is missing, from the root.
    """

    def __init__(self, message: str, *, source: str, path: str) -> None:
        super().__init__(message)
        self.source, self.path = source, path


@dataclass
class _Selector:
    view: ContextView
    dockerfile: str
    found: dict[str, set[int]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _empty: list[tuple[Source, str]] = field(default_factory=list)

    def add(self, source: Source) -> None:
        """Select what one source reads."""
        folder, pattern = split_wildcards(source.path) if source.wildcards else (source.path, "")
        if not pattern:
            if not self._copy(source, source.path):
                self._copies_nothing(source)
            return
        base = self._resolve(source, folder or ".").path
        matches = self._glob(source, base, pattern) if self.view.is_folder(base) else ()
        if not sum(self._copy(source, path) for path in matches):
            self._empty.append((source, base))

    def report_empty_wildcards(self) -> None:
        """Warn of patterns without a match, or raise ScopedImagesError where BuildKit would fail.

        BuildKit gets the folder that a pattern searches only if something in it is selected.
        """
        selected = set(self.found)
        for source, base in self._empty:
            # For an `include`, which BuildKit does not know, it is always a mistake.
            if not source.line or (base != "." and base not in selected):
                raise self._error(source, "matches nothing")
            self.warnings.append(self._describe(source, f"matches nothing{_required(source)}"))

    def _resolve(self, source: Source, path: str) -> Resolved:
        """Follow the links of a path, and select them; raises ScopedImagesError if it leads nowhere."""
        resolved = self.view.resolve(path)
        if resolved.kind is None:
            raise self._missing(source, path, resolved)
        for link in resolved.links:
            self.select(link, Kind.LINK, source.line)
        return resolved

    def _glob(self, source: Source, base: str, written: str) -> Iterator[str]:
        try:
            pattern = GoPattern.parse(written)
        except BadPatternError as error:
            raise self._error(source, f"is malformed: {error}") from None
        # Not recursive: folders may nest deeper than Python's stack.
        pending = [iter(self.view.names(base))]
        folders = [""]
        while pending:
            name = next(pending[-1], None)
            if name is None:
                pending.pop()
                folders.pop()
                continue
            below = join(folders[-1], name)
            path = join(base, below)
            if pattern.matches(below):
                if self.view.kind_in_folder(path) is not None:
                    yield path
            elif pattern.may_match_below(below) and self.view.is_folder(path):
                pending.append(iter(self.view.names(path)))
                folders.append(below)

    def _copy(self, source: Source, path: str) -> bool:
        """Select what is at a path; return whether that is anything: `--parents` takes no empty folder."""
        resolved = self._resolve(source, path)
        if resolved.kind is Kind.FILE:
            self.select(resolved.path, Kind.FILE, source.line)
            return True
        if not source.parents:
            self.select(resolved.path, Kind.DIRECTORY, source.line)
        copied = False
        try:
            for below, kind in copied_tree(self.view, source, resolved.path):
                self.select(below, kind, source.line)
                if source.is_filtered_root and kind is Kind.LINK and "/" not in below:
                    self._follow(source, below)
                copied = True
        except BadPatternError as error:
            raise self._error(source, f"has a malformed --exclude or --parents: {error}") from None
        return copied or not source.parents

    def _copies_nothing(self, source: Source) -> None:
        """Note a `--parents` that copies nothing.

        If `--exclude` is the only reason, BuildKit gets what matches, and builds. From an empty folder it gets
        nothing, and fails: one file is enough.
        """
        base = self.view.resolve(source.path).path
        matches = copied_tree(self.view, replace(source, excludes=()), base)
        match = next(((path, kind) for path, kind in matches if kind is not Kind.DIRECTORY), None)
        if source.excludes and match:
            self.select(*match, source.line)
            self.warnings.append(
                self._describe(source, "copies nothing: --exclude leaves out all that it matches")
            )
        else:
            self._empty.append((source, base))

    def _follow(self, source: Source, link: str) -> None:
        """Select what a link leads to, where BuildKit follows it to calculate the checksum of what it copies.

        It does so for links at the root's top when a COPY of the root has `--exclude` or `--parents`, and fails
        for one that leads nowhere (contenthash includedPaths, whose root has no header of its own).
        """
        try:
            resolved = self.view.resolve(link)
        except LinkLoopError:
            resolved = None
        if resolved is None or resolved.kind is None:
            problem = "leads back to itself" if resolved is None else "leads to nothing in the build context"
            self.warnings.append(
                self._describe(source, f"copies the link {link!r}, which {problem}: BuildKit fails there")
            )
            return
        for path in resolved.links:
            self.select(path, Kind.LINK, source.line)
        self.select(resolved.path, resolved.kind, source.line)

    def select(self, path: str, kind: Kind, line: int) -> None:
        """Select a path and the folders above it."""
        while path not in (".", ""):
            if path not in self.found:
                self._refuse(path, kind)
                self.found[path] = set()
            elif line in self.found[path]:
                return
            self.found[path].add(line)
            path, kind = path.rpartition("/")[0], Kind.DIRECTORY

    def _refuse(self, path: str, kind: Kind) -> None:
        refuse_bad_name(path)
        if kind is Kind.FILE and (rule := self.view.ignore.blanks(path)) is not None:
            raise ScopedImagesError(
                f"build context: BuildKit would copy {path!r} without its content, because {rule} comes again after "
                "an exception; remove one of the two lines"
            )

    def _missing(self, source: Source, path: str, resolved: Resolved) -> ScopedImagesError:
        for above in _with_parents(resolved.path):
            if above in self.view.left_out:
                return self._error(
                    source,
                    f"is in {above!r}, CDK's output folder, which each synth changes: give the CLI another --output "
                    f'("output" in cdk.json), or bring the folder back with !{above} in the ignore file',
                )
            rule = self.view.ignore.reason(above)
            if rule is not None and not rule.pattern.exception:
                return self._error(source, f"is left out by {rule}")
        if resolved.links:
            target = self.view.target(resolved.links[-1])
            # BuildKit looks for it below the root, as if that were `/`.
            return self._error(
                source,
                f"goes through the link {resolved.links[-1]!r} to {target!r}, which leads out of the build context "
                f"or to nothing in it: there is no {resolved.path!r} in the context",
            )
        beside = (self.view.root / self.dockerfile).parent
        hint = f"; did you mean root={str(beside)!r}?" if os.path.lexists(beside / path) else ""
        return MissingSourceError(
            self._describe(source, f"does not exist: there is no {self.view.root / path}{hint}"),
            source=self._describe(source, "").rstrip(),
            path=path,
        )

    def _error(self, source: Source, problem: str) -> ScopedImagesError:
        return ScopedImagesError(self._describe(source, problem))

    def _describe(self, source: Source, problem: str) -> str:
        place = f"{self.dockerfile}:{source.line}: " if source.line else ""
        return f"{place}{source.instruction} source {source.written!r} {problem}"


def _special_left_out(view: ContextView) -> tuple[str, ...]:
    return tuple(
        f"{path} is a socket, pipe or device and is left out; name it in the ignore file"
        for path in view.special_left_out
    )


def _required(source: Source) -> str:
    """Say whether a `--parents` without wildcards, which newer releases require to match, fails."""
    if not source.parents or any(split_wildcards(pattern)[1] for pattern in (source.path, *source.parents)):
        return ""
    return "; BuildKit copies nothing up to release 0.25, and fails since"


def _with_parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
