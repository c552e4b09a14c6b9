"""Makes text from files, Dockerfiles and AWS safe to show in a terminal and in the log of a CI service."""

from __future__ import annotations

import re
import unicodedata

# Controls, invisible format characters (bidi overrides among them), lone surrogates, line and paragraph separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}

# GitHub Actions runs `::name::` after any blanks of a line's start, and `##[name]` anywhere in a line.
# https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
# Azure Pipelines runs `##vso[name]` and TeamCity `##teamcity[name]`.
_AT_LINE_START = re.compile(r"^([^\S\n]*)::", re.MULTILINE)
_ANYWHERE = re.compile(r"##([A-Za-z]*)\[")


def printable(text: str) -> str:
    r"""Return `text` with unsafe characters as `\x1b` or `\u202e`, and with CI commands disarmed by a backslash.

    Newlines stay. Printing it twice changes nothing more: a backslash is not escaped.
    """
    # isprintable takes a tenth of the time, and refuses more: spaces other than U+0020, new emoji.
    if not text.isprintable():
        text = "".join(_shown(character) for character in text)
    return _ANYWHERE.sub(r"##\1\\[", _AT_LINE_START.sub(r"\1\\::", text))


def printable_line(text: str) -> str:
    r"""Return `printable(text)` with newlines as `\n`: a name, or a message of one line."""
    return printable(text.replace("\n", "\\n"))


def _shown(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in _UNSAFE:
        return character
    return character.encode("unicode_escape").decode()
