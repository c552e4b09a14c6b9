"""Reads requirements files: pip's format, which pip-tools, `uv export` and `poetry export` write too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from scoped_images.errors import ScopedImagesError

_EDITABLE = re.compile(r"(?:-e|--editable)[ =]\s*(\S+)((?:\s*;.*)?)")  # with a marker, as Poetry exports it
_INCLUDE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")  # `-rother.txt` is also valid
_COMMENT = re.compile(r"(^|\s+)#.*$")
# Options that read further files, which the build context does not hold.
_READS = ("-c", "--constraint", "-f", "--find-links")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One logical line: a folder, a requirement, or an option.

    where: the file and the number of the line. text: on one line, without comments.
    folder: the path of a folder as the line has it, less extras and `file:`. extras: of the package there.
    """

    where: str
    text: str
    folder: str = ""
    extras: tuple[str, ...] = ()
    requirement: Requirement | None = None


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a requirements file and of those that it includes by `-r`.

    Raises ScopedImagesError for a line that pip would not take, or that reads a file other than requirements.
    """
    for each in _read(path, ()):
        if isinstance(each, ScopedImagesError):
            raise each
        yield each


def read_known_lines(path: Path) -> Iterator[Line]:
    """Yield the lines for which read_lines does not raise."""
    for each in _read(path, ()):
        if not isinstance(each, ScopedImagesError):
            yield each


def _read(path: Path, above: tuple[Path, ...]) -> Iterator[Line | ScopedImagesError]:
    try:
        yield from _each(path, above)
    except ScopedImagesError as error:
        yield error


def _each(path: Path, above: tuple[Path, ...]) -> Iterator[Line | ScopedImagesError]:
    for number, text in _logical_lines(path):
        content = " ".join(_COMMENT.sub("", re.sub(r"\\\n", " ", text)).split())
        where = f"{path}:{number}"
        editable, include = _EDITABLE.fullmatch(content), _INCLUDE.fullmatch(content)
        if include:
            other = path.parent / include[1]
            if other in above:
                yield ScopedImagesError(f"{where}: {content!r} includes itself; remove the line")
            else:
                yield from _read(other, (*above, path))
        elif content.startswith(_READS):
            yield ScopedImagesError(
                f"{where}: {content!r} reads a file that is not in the image; put its lines here"
            )
        elif editable or content.startswith((".", "/", "file:")):
            yield _folder(where, content, editable[1] if editable else content.partition(" ")[0])
        elif content.startswith("-"):
            yield Line(where=where, text=content)
        elif content:
            yield _requirement(where, content)


def _folder(where: str, content: str, given: str) -> Line | ScopedImagesError:
    if re.match(r"\w+\+|https?:", given):
        # Leave the address out: it may contain a login.
        return ScopedImagesError(
            f"{where}: comes from {given.partition(':')[0]}, but images install from package indexes only; publish it "
            "there"
        )
    path, _, extras = given.partition("[")
    names = tuple(filter(None, (extra.strip() for extra in extras.rstrip("]").split(","))))
    return Line(where=where, text=content, folder=path.removeprefix("file:").removeprefix("//"), extras=names)


def _requirement(where: str, content: str) -> Line | ScopedImagesError:
    try:
        requirement = Requirement(re.sub(r"\s--\S+.*$", "", content))
    except InvalidRequirement as error:
        return ScopedImagesError(f"{where}: {content!r} is not a requirement: {error}")
    return Line(where=where, text=content, requirement=requirement)


def _logical_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each logical line, continuation lines joined, with the number of its first line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ScopedImagesError(f"workspace: cannot read {path}: {error}") from None
    pending: list[str] = []
    for number, line in enumerate(lines, start=1):
        pending.append(line)
        if not line.rstrip().endswith("\\") or line.lstrip().startswith("#"):
            yield number - len(pending) + 1, "\n".join(pending)
            pending = []
    if pending:
        yield len(lines) - len(pending) + 1, "\n".join(pending)
