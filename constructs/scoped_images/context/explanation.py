"""Why one path is in a scoped context, or which rule leaves it out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scoped_images.context.request import ContextRequest
from scoped_images.dockerfile.copy_sources import context_path
from scoped_images.dockerfile.parse import parse_dockerfile
from scoped_images.dockerfile.sources import ContextSources
from scoped_images.errors import ScopedImagesError
from scoped_images.printable import printable_line


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The fate of one path. reasons: instructions or rules, each with its file and line."""

    path: str
    included: bool
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        # A newline in a path or in a reason must not start a line.
        head = printable_line(f"{self.path} {'goes in' if self.included else 'stays out'}:")
        reasons = [printable_line(reason) for reason in self.reasons]
        return f"{head} {reasons[0]}" if len(reasons) == 1 else "\n  ".join((head, *reasons))


def explain(request: ContextRequest, path: str | Path) -> Explanation:
    """Explain why a path of the root goes in or stays out; raises ScopedImagesError if the path does not exist."""
    name = path_below(request.root, str(path))
    if name == ".":
        return Explanation(path=name, included=True, reasons=("it is the root of the context",))
    sources = request.sources()
    rule = request.ignore_file.reason(name) if request.ignore_file.excludes(name) else None
    try:
        lines = _lines(request, sources, name)
    except ScopedImagesError:
        if rule is None:
            raise
        # Often that rule is why BuildKit would not find a source.
        lines = ()
    if lines:
        reasons = tuple(_instruction(request, sources, line) for line in lines)
        return Explanation(path=name, included=True, reasons=reasons)
    if rule is not None:
        return Explanation(path=name, included=False, reasons=(f"the rule {rule} leaves it out",))
    target = f"the target {request.target!r}" if request.target else "the last stage"
    reasons = (*_excluded_by(request, sources, name), *_other_targets(request, name))
    none = f"no instruction of {request.name} that {target} needs asks for it"
    return Explanation(path=name, included=False, reasons=reasons or (none,))


def path_below(root: Path, path: str) -> str:
    """Return an existing path relative to the root; raises ScopedImagesError if it does not exist."""
    given = Path(os.path.normpath(path))
    if given.is_absolute():
        # The root is real; a link as the last part is asked about itself.
        absolute = Path(os.path.realpath(given.parent)) / given.name
        if absolute.is_relative_to(root):
            path = str(absolute.relative_to(root))
    name = context_path(path)
    if not os.path.lexists(root / name):
        raise ScopedImagesError(f"path {path!r}: there is no {root / name}")
    return name


def _lines(request: ContextRequest, sources: ContextSources, path: str) -> tuple[int, ...]:
    return request.select(sources).lines.get(path, ())


def _instruction(request: ContextRequest, sources: ContextSources, line: int) -> str:
    if not line:
        written = [source.written for source in sources.sources if not source.line]
        return f"include {', '.join(written)}"
    text = request.content.decode().split("\n")[line - 1].strip()
    return f"{request.name}:{line}: {text}"


def _excluded_by(request: ContextRequest, sources: ContextSources, path: str) -> Iterator[str]:
    """Yield the instructions that would take the path without their `--exclude`."""
    without = tuple(replace(source, excludes=()) for source in sources.sources)
    for line in _lines(request, replace(sources, sources=without), path):
        yield f"--exclude of {_instruction(request, sources, line)}"


def _other_targets(request: ContextRequest, path: str) -> Iterator[str]:
    """Yield the instructions that take the path in stages that the target does not need."""
    seen: set[int] = set()
    for instruction in parse_dockerfile(request.content, name=request.name).instructions:
        if instruction.name != "FROM" or len(instruction.words) != 3:
            continue
        stage = instruction.words[2]
        try:
            sources = request.sources(target=stage)
            lines = set(_lines(request, sources, path)) - seen
        except ScopedImagesError:
            # That stage cannot be built here, which does not matter for this target.
            continue
        seen |= lines
        for line in sorted(lines):
            yield f"only the stage {stage!r}, which is not needed here, has {_instruction(request, sources, line)}"
