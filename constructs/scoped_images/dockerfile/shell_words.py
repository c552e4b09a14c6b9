"""Splits a line into words as BuildKit's shell lexer does where it looks for heredocs: with every variable unset.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/shell/lex.go, ProcessWords with SkipUnsetEnv. The
escape character is always the backslash there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scoped_images.dockerfile.limits import MAX_NESTING
from scoped_images.dockerfile.variable_name import name_end
from scoped_images.dockerfile.whitespace import SPACES

_ESCAPE = "\\"


class ShellWordsError(ValueError):
    """The line cannot be split. is_limit: whether BuildKit could, since only our limit is in the way."""

    def __init__(self, problem: str, *, is_limit: bool = False) -> None:
        super().__init__(problem)
        self.is_limit = is_limit


def shell_words(line: str, *, raw_quotes: bool, raw_escapes: bool = False) -> list[str]:
    """Return the words of a line; raises ShellWordsError.

    raw_quotes, raw_escapes: whether quotes and escapes stay in the words.
    """
    return _Lexer(line.removeprefix("\ufeff"), raw_quotes).read(stop="", raw_escapes=raw_escapes)[1]


@dataclass
class _Lexer:
    text: str
    raw_quotes: bool
    index: int = 0
    nesting: int = 0
    # One for all levels, as upstream: what stands before a `${X:-…}` in a word is lost.
    _word: list[str] = field(default_factory=list)

    def read(self, *, stop: str, raw_escapes: bool) -> tuple[str, list[str]]:
        """Read up to the `stop` character, or to the end; return the text and its words."""
        self._word.clear()
        result: list[str] = []
        words = _Words(self._word)
        while self.index < len(self.text):
            character = self.text[self.index]
            if character == stop:
                self.index += 1
                return "".join(result), words.end()
            if character == "$":
                piece = self._dollar()
                for each in piece:
                    words.add(each)
            elif character == "'":
                piece = self._single_quoted()
                words.add_raw(piece)
            elif character == '"':
                piece = self._double_quoted(raw_escapes=raw_escapes)
                words.add_raw(piece)
            elif character == "<":
                piece = self._angle()
                words.add_raw(piece)
            elif character == _ESCAPE:
                piece = self.text[self.index + (not raw_escapes) : self.index + 2]
                self.index += 2
                words.add_raw(piece)
            else:
                piece = character
                self.index += 1
                words.add(piece)
            result.append(piece)
        if stop:
            raise ShellWordsError(f"{self.text!r} lacks a {stop!r}")
        return "".join(result), words.end()

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.index + 1)
        if end < 0:
            raise ShellWordsError(f"{self.text!r} lacks a closing single quote")
        start, self.index = self.index, end + 1
        return self.text[start : end + 1] if self.raw_quotes else self.text[start + 1 : end]

    def _double_quoted(self, *, raw_escapes: bool) -> str:
        quote = '"' if self.raw_quotes else ""
        out = [quote]
        self.index += 1
        while self.index < len(self.text):
            character = self.text[self.index]
            if character == '"':
                self.index += 1
                return "".join((*out, quote))
            if character == "$":
                out.append(self._dollar())
                continue
            self.index += 1
            if character == _ESCAPE:
                if raw_escapes:
                    out.append(character)
                if self.index == len(self.text):
                    break
                if self.text[self.index] in ('"', "$", _ESCAPE):
                    character = self.text[self.index]
                    self.index += 1
            out.append(character)
        raise ShellWordsError(f"{self.text!r} lacks a closing double quote")

    def _angle(self) -> str:
        start = self.index
        self.index += 1
        if self.text[self.index : self.index + 1] == "<":
            self.index += 1
            while self.text[self.index : self.index + 1] in ("\t", "\r", " "):
                self.index += 1
        return self.text[start : self.index]

    def _dollar(self) -> str:
        start = self.index
        self.index += 1
        if self.text[self.index : self.index + 1] != "{":
            self.index = name_end(self.text, self.index)
            return self.text[start : self.index]
        self.index += 1
        if self.text[self.index : self.index + 1] in ("", "{", "}", ":"):
            raise ShellWordsError(f"{self.text!r} has a bad substitution")
        name_start = self.index
        self.index = name_end(self.text, self.index)
        name = self.text[name_start : self.index]
        modifier = self.text[self.index : self.index + 1]
        self.index += 1
        if modifier == "}":
            return f"${{{name}}}"
        if modifier == "/":
            self.index += self.text[self.index : self.index + 1] == "/"
            pattern = self._nested("/", raw_escapes=True)
            return f"${{{name}/{pattern}/{self._nested('}', raw_escapes=True)}}}"
        if modifier == ":":
            modifier += self.text[self.index : self.index + 1]
            self.index += 1
        if modifier not in ("+", "-", "?", "#", "%", ":+", ":-", ":?") and len(modifier) < 2:
            raise ShellWordsError(f"{self.text!r} has an unknown modifier in a substitution")
        if modifier in (":#", ":%"):
            raise ShellWordsError(f"{self.text!r} has an unknown modifier in a substitution")
        word = self._nested("}", raw_escapes=modifier in ("#", "%"))
        return f"${{{name}{modifier}{word}}}"

    def _nested(self, stop: str, *, raw_escapes: bool) -> str:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise ShellWordsError(
                f"has more than {MAX_NESTING} substitutions in each other; simplify it", is_limit=True
            )
        text = self.read(stop=stop, raw_escapes=raw_escapes)[0]
        self.nesting -= 1
        return text


@dataclass
class _Words:
    """The words of one level, ended by whitespace that is neither quoted nor escaped."""

    current: list[str]
    words: list[str] = field(default_factory=list)
    inside: bool = False

    def add(self, character: str) -> None:
        if character not in SPACES:
            self.add_raw(character)
        elif self.inside and any(self.current):
            self.words.append("".join(self.current))
            self.current.clear()
            self.inside = False

    def add_raw(self, text: str) -> None:
        self.current.append(text)
        self.inside = True

    def end(self) -> list[str]:
        if any(self.current):
            self.words.append("".join(self.current))
            self.current.clear()
        return self.words
