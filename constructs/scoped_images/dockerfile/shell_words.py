"""Splits a line into words as BuildKit's shell lexer does where it looks for heredocs: with every variable unset.

It is ProcessWords with SkipUnsetEnv, whose escape character is always the backslash.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scoped_images.dockerfile.limits import MAX_DOCKERFILE_BYTES
from scoped_images.dockerfile.shell_lexer import Budget, ShellLexer
from scoped_images.dockerfile.variables import Value
from scoped_images.patterns.go_text import SPACES

_MODIFIERS = ("+", "-", "?", "#", "%", ":+", ":-", ":?")


def shell_words(line: str, *, raw_quotes: bool, raw_escapes: bool = False) -> list[str]:
    """Return the words of a line; raises ShellError.

    raw_quotes, raw_escapes: whether quotes and escapes stay in the words.
    """
    budget = Budget(max_length=4 * MAX_DOCKERFILE_BYTES)
    lexer = _Lexer(line.removeprefix("\ufeff"), budget, raw_quotes=raw_quotes)
    lexer.read(stop="", raw_escapes=raw_escapes)
    lexer.end_word()
    return lexer.words


@dataclass
class _Lexer(ShellLexer):
    words: list[str] = field(default_factory=list)
    # One for all levels, as upstream: the text before a `${X:-…}` in a word is lost.
    _word: list[str] = field(default_factory=list)
    # Whether the outermost level is inside a word.
    _inside: bool = False

    def variable(self, name: str, written: str) -> str:  # noqa: ARG002 - every variable is unset
        return written

    def modified(self, name: str, modifier: str) -> str:
        if modifier == "/":
            self.index += self.peek() == "/"
            pattern = self._nested("/", raw_escapes=True)
            return f"${{{name}/{pattern}/{self._nested('}', raw_escapes=True)}}}"
        if modifier == ":":
            modifier += self.next()
        # Of an unset variable upstream takes `:` with any letter behind it.
        if (modifier not in _MODIFIERS and len(modifier) < 2) or modifier in (":#", ":%"):
            raise self.error("has an unknown modifier in a substitution")
        word = self._nested("}", raw_escapes=modifier in ("#", "%"))
        return f"${{{name}{modifier}{word}}}"

    def _nested(self, stop: str, *, raw_escapes: bool) -> Value:
        inside, self._inside = self._inside, False
        self._word.clear()
        text = self.read(stop=stop, raw_escapes=raw_escapes)
        self._word.clear()
        self._inside = inside
        return text

    def piece(self, character: str, *, raw_escapes: bool) -> Value:
        value = self._angle() if character == "<" else super().piece(character, raw_escapes=raw_escapes)
        text = str(value)
        if character in ("'", '"', "<", self.escape):
            self._add(text)
        else:
            for each in text:
                if each not in SPACES:
                    self._add(each)
                elif self._inside and any(self._word):
                    self.end_word()
        return text

    def _angle(self) -> str:
        """Read `<`, or `<<` with the blanks behind it."""
        start = self.index
        self.index += 1
        if self.peek() == "<":
            self.index += 1
            while self.peek() in ("\t", "\r", " "):
                self.index += 1
        return self.text[start : self.index]

    def _add(self, text: str) -> None:
        self._word.append(text)
        self._inside = True

    def end_word(self) -> None:
        """Take what has been read since the last word."""
        if any(self._word):
            if not self.nesting:
                self.words.append("".join(self._word))
            self._word.clear()
            self._inside = False
