"""The messages that the troubleshooting page quotes are those of the code, word for word."""

from __future__ import annotations

import ast
import re
from functools import cache

from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "troubleshooting.md"
# Messages of ours have this language; those of other programs are plain text.
LANGUAGE = "error"


@cache
def messages() -> tuple[re.Pattern[str], ...]:
    """Every text of the library's source that is long enough to be a message, with any value for what is filled in."""
    found = set()
    for path in (ROOT / "constructs" / "scoped_images").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(part.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    else "(.+?)"
                    for part in node.values
                ]
                found.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(re.escape(node.value))
    return tuple(
        re.compile(pattern, re.DOTALL) for pattern in found if len(re.sub(r"\(\.\+\?\)", "", pattern)) > 30
    )


def is_ours(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in messages())


def quoted() -> list[str]:
    return [" ".join(block.text.split()) for block in blocks(PAGE) if block.language == LANGUAGE]


def test_every_quoted_message_is_in_the_code() -> None:
    assert quoted()
    assert [text for text in quoted() if not is_ours(text)] == []


def test_a_message_that_the_code_does_not_have_is_found() -> None:
    assert is_ours("environments: unknown environment, got 'prd'; known are dev, prod")
    assert not is_ours("environments: no such environment, got 'prd'; known are dev, prod")
