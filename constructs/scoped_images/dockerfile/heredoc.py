"""Finds the heredocs that a RUN, COPY or ADD opens, `<<EOF` and its variants.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/parser/parser.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoped_images.dockerfile.shell_lexer import ShellError
from scoped_images.dockerfile.shell_words import shell_words

_HEREDOC = re.compile(r"[0-9]*<<(-?)[\t\n\f\r ]*([^<]*)")


@dataclass(frozen=True, kw_only=True)
class Heredoc:
    """One heredoc.

    name: the line that ends it. content: the lines before that one, unexpanded.
    chomp: whether leading tabs go, as after `<<-`. expand: whether variables in it are expanded; not after `<<"EOF"`.
    """

    name: str
    chomp: bool
    expand: bool
    content: str = ""


def read_heredoc(word: str) -> Heredoc | None:
    """Return the heredoc that a word opens, without content, or None for any other word."""
    try:
        return _read(word)
    except ShellError:
        return None


def heredocs_of(line: str) -> list[Heredoc]:
    """Return the heredocs that a line opens, in the order of their contents; raises ShellError."""
    try:
        words = shell_words(line, raw_quotes=True, raw_escapes=True)
    except ShellError as error:
        if error.is_limit:
            raise
        # BuildKit finds no heredocs in a line with an unfinished quote.
        return []
    return [heredoc for word in words if (heredoc := _read(word)) is not None]


def _read(word: str) -> Heredoc | None:
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[2]:
        return None
    words = shell_words(match[2], raw_quotes=False)
    if len(words) != 1:
        return None
    raw = shell_words(match[2], raw_quotes=True)
    if len(raw) != 1:
        raise ShellError(f"cannot read the heredoc {word!r}")
    quoted = _quotes(words[0]) != _quotes(raw[0])
    return Heredoc(name=words[0], chomp=match[1] == "-", expand=not quoted)


def _quotes(word: str) -> int:
    return word.count("'") + word.count('"')
