"""The name behind a `$`, as BuildKit's shell lexer reads it."""

from __future__ import annotations

_SPECIAL_PARAMETERS = "@*#?-$!0"


def name_end(text: str, start: int) -> int:
    """Return where the name that starts at `start` ends; `start` itself for no name."""
    first = text[start : start + 1]
    end = start
    if first.isdecimal():
        while end < len(text) and text[end].isdecimal():
            end += 1
        return end
    if first and first in _SPECIAL_PARAMETERS:
        return start + 1
    while end < len(text) and (text[end].isalpha() or text[end].isdecimal() or text[end] == "_"):
        end += 1
    return end
