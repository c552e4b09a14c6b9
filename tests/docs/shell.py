"""Reads the shell of a page: which programs it runs, and with which arguments."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

_SUBSTITUTION = re.compile(r"\$\(((?:[^()]|\([^()]*\))*)\)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
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
    for inner in _SUBSTITUTION.findall(line):
        yield from _commands_of(inner)
    lexer = shlex.shlex(_SUBSTITUTION.sub("SUBSTITUTED", line), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in _SEPARATORS:
            yield from _command(words)
            words = []
        else:
            words.append(word)
    yield from _command(words)


def _command(words: list[str]) -> Iterator[list[str]]:
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    redirections = [at for at, word in enumerate(words) if word in ("<", ">", ">>")]
    if redirections:
        words = words[: redirections[0]]
    if words:
        yield words
