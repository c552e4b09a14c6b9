"""Reads requirements files: pip's format, which pip-tools, `uv export` and `poetry export` write too."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError

_EDITABLE = re.compile(r"(?:-e|--editable)[ =]\s*(\S+)((?:\s*;.*)?)")  # with a marker, as Poetry exports it
_INCLUDE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")  # `-rother.txt` is also valid
_COMMENT = re.compile(r"(^|\s+)#.*$")
# Options that read further files, which the build context does not hold.
_READS = ("-c", "--constraint", "-f", "--find-links")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One logical line: a folder, a requirement, or an option.

    text: without comments. where: the file and the number of the line, if it was read from one.
    folder: the path of a folder as the line has it, less extras and `file:`. extras: of the package there.
    """

    text: str
    where: str = ""
    folder: str = ""
    extras: tuple[str, ...] = ()
    requirement: Requirement | None = None

    @classmethod
    def of(cls, text: str) -> Line:
        """Return the line of a requirement that is known to be valid."""
        return cls(text=text, requirement=_parsed(re.split(r"\s+(?:--|\\)", text)[0]))

    @property
    def name(self) -> str:
        """Return the normalized name of the required package; empty for a folder or an option."""
        return canonicalize_name(self.requirement.name) if self.requirement else ""

    @property
    def marker(self) -> str:
        """Return the marker, or an empty string."""
        return str(self.requirement.marker or "") if self.requirement else ""

    @property
    def hashed(self) -> bool:
        """Return whether it has a hash."""
        return "--hash=" in self.text

    @property
    def version(self) -> str:
        """Return the version that `name==version` pins; empty for anything else."""
        pinned = re.fullmatch(r"==([^*]+)", str(self.requirement.specifier) if self.requirement else "")
        return pinned[1] if pinned else ""


def unmet(requirements: Iterable[Requirement], lines: Iterable[Line]) -> Iterator[tuple[Requirement, str]]:
    """Yield each requirement that no pinned version of its package meets, with the pinned versions."""
    versions: dict[str, list[str]] = {}
    for line in lines:
        if line.version:
            versions.setdefault(line.name, []).append(line.version)
    for requirement in requirements:
        found = versions.get(canonicalize_name(requirement.name), [])
        if found and not any(requirement.specifier.contains(version, prereleases=True) for version in found):
            yield requirement, " and ".join(found)


@functools.lru_cache(maxsize=10_000)
def _parsed(text: str) -> Requirement:
    # The bases of one workspace have most lines in common.
    return Requirement(text)


def read_lines(path: Path, *, skip_mistakes: bool = False) -> Iterator[Line]:
    """Yield the lines of a requirements file and of those that it includes by `-r`.

    Raises ScopedImagesError for a line that pip would not take, or that reads a file other than requirements.
    """
    for each in _read(path, ()):
        if isinstance(each, Line):
            yield each
        elif not skip_mistakes:
            raise each


def _read(path: Path, above: tuple[Path, ...]) -> Iterator[Line | ScopedImagesError]:
    try:
        logical_lines = list(_logical_lines(path))
    except (OSError, UnicodeDecodeError) as error:
        yield ScopedImagesError(f"workspace: cannot read {path}: {error}")
        return
    for number, text in logical_lines:
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
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    pending: list[str] = []
    for number, line in enumerate(lines, start=1):
        pending.append(line)
        if not line.rstrip().endswith("\\") or line.lstrip().startswith("#"):
            yield number - len(pending) + 1, "\n".join(pending)
            pending = []
    if pending:
        yield len(lines) - len(pending) + 1, "\n".join(pending)
