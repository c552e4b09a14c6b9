"""Reads the shell of a page: which programs it runs, and with which arguments."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_KEYWORDS = {"for", "do", "done"}
_SEPARATORS = {"|", "||", "&&", ";", "&"}
# A place that the reader fills in, such as `<tag>`: as one word that no shell reads as a redirection.
_PLACEHOLDER = re.compile(r"<([a-z][\w -]*)>")


def commands(script: str) -> Iterator[list[str]]:
    """Yield the words of each simple command, those in `$(…)` too; `$ ` prompts and comments are left out."""
    for line in script.replace("\\\n", " ").splitlines():
        yield from _commands_of(_PLACEHOLDER.sub("PLACEHOLDER", line.removeprefix("$ ")))


def _commands_of(line: str) -> Iterator[list[str]]:
    if line.lstrip().startswith("#"):
        return
    while (start := line.find("$(")) >= 0:
        end = _closing(line, start + 2)
        yield from _commands_of(line[start + 2 : end])
        line = f"{line[:start]}SUBSTITUTED{line[end + 1 :]}"
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in _SEPARATORS:
            yield from _command(words)
            words = []
        else:
            words.append(word)
    yield from _command(words)


def _closing(line: str, start: int) -> int:
    """Return where the parenthesis that opened before `start` closes."""
    depth = 1
    for at in range(start, len(line)):
        depth += {"(": 1, ")": -1}.get(line[at], 0)
        if depth == 0:
            return at
    raise ValueError(f"$( is not closed: {line}")


def _command(words: list[str]) -> Iterator[list[str]]:
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    redirections = [at for at, word in enumerate(words) if word in ("<", ">", ">>")]
    if redirections:
        words = words[: redirections[0]]
    if words and words[0] not in _KEYWORDS:
        yield words
