"""A context as JSON, and as a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from scoped_images.command_line.say import say, say_json
from scoped_images.context.file import ContextFile, Kind
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.size import readable
from scoped_images.image.spec import ImageSpec
from scoped_images.printable import printable_line

# Beyond this Rich takes seconds to measure the columns.
_LONGEST_RICH_TABLE = 2000


def print_json(context: ScopedContext, files: Sequence[ContextFile]) -> None:
    """Print the context with these files, sorted by path."""
    content = {
        "fingerprint": f"sha256:{_fingerprint(context)}",
        "bytes": sum(file.size for file in files),
        "files": [
            {
                "path": file.path,
                "bytes": file.size,
                "mode": f"{file.mode:04o}",
                "sha256": file.sha256 or None,
                "kind": str(file.kind),
                "link": file.link or None,
                "sources": list(file.sources),
            }
            for file in files
        ],
        "warnings": list(context.warnings),
    }
    say_json(content)


def print_table(context: ScopedContext, files: Sequence[ContextFile], *, dockerfile: str) -> None:
    """Print a line for each file, link and folder, and the sum."""
    rows = [(_shown(file), _size(file), f"{file.mode:04o}", _asked_by(file, dockerfile)) for file in files]
    if rows and sys.stdout.isatty() and len(rows) <= _LONGEST_RICH_TABLE:
        _print_rich(rows)
    else:
        _print_plain(rows)
    counted = ", ".join(filter(None, (_counted(files, kind, name) for kind, name in _NAMES.items())))
    size = readable(sum(file.size for file in files))
    say(f"{counted or 'nothing'}; {size}; sha256:{_fingerprint(context)}")


_HEADER = ("Path", "Size", "Mode", "Asked for by")
_NAMES = {Kind.FILE: "file", Kind.DIRECTORY: "folder", Kind.LINK: "link"}


def _print_rich(rows: list[tuple[str, str, str, str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - for a terminal only
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for name in _HEADER:
        table.add_column(name, justify="right" if name == "Size" else "left", overflow="fold")
    for row in rows:
        # Text, since a file may be called `[bold]`.
        table.add_row(*map(Text, row))
    Console().print(table)


def _print_plain(rows: list[tuple[str, str, str, str]]) -> None:
    """Print lines that no terminal's width has cut: a pipe has none."""
    widths = [max(len(row[column]) for row in (_HEADER, *rows)) for column in range(3)]
    for path, size, mode, asked_by in (_HEADER, *rows):
        say(f"{path.ljust(widths[0])}  {size.rjust(widths[1])}  {mode.ljust(widths[2])}  {asked_by}")


def _fingerprint(context: ScopedContext) -> str:
    """The fingerprint of an image of this context, with target, platform and build arguments, without a base."""
    assert context.platform is not None, "a context that was asked for a Dockerfile's sake has a platform"
    return ImageSpec(context=context, platform=context.platform).fingerprint


def _shown(file: ContextFile) -> str:
    shown = {Kind.DIRECTORY: f"{file.path}/", Kind.LINK: f"{file.path} -> {file.link}"}.get(
        file.kind, file.path
    )
    return printable_line(shown)


def _size(file: ContextFile) -> str:
    return readable(file.size) if file.kind is Kind.FILE else ""


def _asked_by(file: ContextFile, dockerfile: str) -> str:
    lines = ", ".join(str(line) for line in file.sources if line)
    places = [
        *([f"{printable_line(dockerfile)}:{lines}"] if lines else []),
        *(["include"] if 0 in file.sources else []),
    ]
    return ", ".join(places)


def _counted(files: Sequence[ContextFile], kind: Kind, name: str) -> str:
    count = sum(file.kind is kind for file in files)
    return f"{count} {name}{'s' if count > 1 else ''}" if count else ""
