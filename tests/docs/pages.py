"""The pages that users read, and the fenced blocks in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHELL = ("sh", "bash", "console")

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>```+)(?P<language>[\w-]*)\n(?P<text>.*?)^ *(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block. line: of its first line of text, from 1."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def pages() -> tuple[Path, ...]:
    """Every Markdown page, without the notes of decisions."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "local" / "README.md"]
    return (*found, *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").rglob("*.md")))


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start("text")) + 1
        yield Block(page, line, match["language"], textwrap.dedent(match["text"]))


def all_blocks(*languages: str) -> list[Block]:
    """Return the blocks of every page in these languages."""
    return [block for page in pages() for block in blocks(page) if block.language in languages]
