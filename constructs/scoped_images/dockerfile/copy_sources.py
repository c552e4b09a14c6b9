"""What a COPY or ADD reads of the build context."""

from __future__ import annotations

import re
from collections.abc import Callable

from scoped_images.dockerfile.arguments import ArgumentError
from scoped_images.dockerfile.heredoc import read_heredoc
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.sources import Source
from scoped_images.patterns.go_match import BadPatternError
from scoped_images.patterns.go_text import clean_path
from scoped_images.patterns.matcher import PatternMatcher

# https://github.com/moby/buildkit/blob/v0.32.2/util/sshutil/scpurl.go
_SCP_STYLE = re.compile(r"[a-zA-Z0-9-_]+@[a-zA-Z0-9-.]+:.*")


def copy_sources(instruction: Instruction, expand: Callable[[str], str | None]) -> list[Source]:
    """Return the local sources of a COPY without `--from`, or of an ADD; raises ArgumentError.

    expand: expands the variables of a word; None for a source to leave out.
    """
    excludes = instruction.flag_values("exclude")
    _refuse_malformed(f"{instruction.name} --exclude", excludes)
    sources = []
    for word in instruction.words[:-1]:
        # What is fetched is not in the context, whatever its variables are.
        if read_heredoc(word) is not None or (instruction.name == "ADD" and is_remote(word)):
            continue
        written = expand(word)
        if written is None:
            continue
        if is_remote(written):
            if instruction.name == "COPY":
                raise ArgumentError(f"COPY cannot take {written!r}; use ADD for URLs and git")
            continue
        path, parents = _split_parents(written) if instruction.has_flag("parents") else (written, ())
        _refuse_malformed(f"{instruction.name} --parents", parents)
        sources.append(
            Source(
                path=context_path(path),
                line=instruction.line,
                instruction=instruction.name,
                written=written,
                parents=parents,
                excludes=excludes,
            )
        )
    return sources


def _refuse_malformed(flag: str, patterns: tuple[str, ...]) -> None:
    try:
        PatternMatcher.of(patterns)
    except BadPatternError as error:
        raise ArgumentError(f"{flag}: {error}") from None


def context_path(path: str) -> str:
    """Return a source path relative to the context's root; `..` stops there, as in BuildKit."""
    return clean_path(f"/{path}")[1:] or "."


def is_remote(source: str) -> bool:
    """Return whether a source is a URL or a git reference.

    https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/dfgitutil/git_ref.go; `github.com/a/b`
    counts as a path.
    """
    if source.startswith(("http://", "https://")):
        return True
    if source.startswith(("./", "../", "github.com/")):
        return False
    scheme = source.partition("://")[0] if "://" in source else ""
    return scheme in ("git", "ssh") or _SCP_STYLE.fullmatch(source) is not None


def _split_parents(written: str) -> tuple[str, tuple[str, ...]]:
    """Split a source of `COPY --parents` at `/./` into the folder and the pattern below it."""
    folder, pivot, pattern = written.partition("/./")
    if not pivot:
        folder, pattern = "/", written
    pattern = context_path(pattern)
    # The whole folder. BuildKit's include pattern is empty here; `.` would match nothing.
    return folder, () if pattern == "." else (pattern,)
