"""Expands `$NAME` and `${NAME…}` in a word as BuildKit's shell lexer does, quotes and escapes included.

https://github.com/moby/buildkit/blob/v0.25.1/frontend/dockerfile/shell/lex.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoped_images.dockerfile.variables import Variables

_SPECIAL_PARAMETERS = "@*#?-$!0"


class ExpansionError(ValueError):
    """The word is malformed, or a `${NAME:?}` in it fails."""


def expand(word: str, variables: Variables, *, escape: str = "\\") -> str:
    """Expand one word; raises ExpansionError and UnknownVariableError."""
    return _Expander(word, variables, escape).run(stop="")


@dataclass
class _Expander:
    text: str
    variables: Variables
    escape: str
    index: int = 0

    def run(self, *, stop: str, raw_escapes: bool = False) -> str:
        """Read up to the `stop` character, which is consumed, or to the end."""
        out: list[str] = []
        while (character := self._peek()) is not None:
            if character == stop:
                self.index += 1
                return "".join(out)
            if character == "$":
                out.append(self._dollar())
            elif character == "'":
                out.append(self._single_quoted())
            elif character == '"':
                out.append(self._double_quoted(raw_escapes=raw_escapes))
            elif character == self.escape:
                self.index += 1
                if raw_escapes:
                    out.append(character)
                out.append(self._next() or "")
            else:
                out.append(character)
                self.index += 1
        if stop:
            raise ExpansionError(f"{self.text!r} lacks a {stop!r}")
        return "".join(out)

    def _peek(self) -> str | None:
        return self.text[self.index] if self.index < len(self.text) else None

    def _next(self) -> str | None:
        character = self._peek()
        self.index += 1
        return character

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.index + 1)
        if end < 0:
            raise ExpansionError(f"{self.text!r} lacks a closing single quote")
        content = self.text[self.index + 1 : end]
        self.index = end + 1
        return content

    def _double_quoted(self, *, raw_escapes: bool) -> str:
        out = []
        self.index += 1
        while (character := self._peek()) != '"':
            if character is None:
                raise ExpansionError(f"{self.text!r} lacks a closing double quote")
            if character == "$":
                out.append(self._dollar())
                continue
            self.index += 1
            if character == self.escape:
                if raw_escapes:
                    out.append(character)
                following = self._peek()
                if following is None:
                    continue
                if following in ('"', "$", self.escape):
                    character = following
                    self.index += 1
            out.append(character)
        self.index += 1
        return "".join(out)

    def _dollar(self) -> str:
        self.index += 1
        if self._peek() != "{":
            name = self._name()
            return self.variables.require(name) if name else "$"
        self.index += 1
        if self._peek() in (None, "{", "}", ":"):
            raise ExpansionError(f"{self.text!r} has a bad substitution")
        name = self._name()
        modifier = self._next()
        if modifier == "}":
            return self.variables.require(name)
        if modifier == "/":
            return self._replace(name)
        null_is_unset = modifier == ":"
        if null_is_unset:
            modifier = self._next()
        if modifier in ("-", "+", "?"):
            return self._conditional(name, modifier, null_is_unset=null_is_unset)
        if modifier in ("#", "%") and not null_is_unset:
            return self._trim(name, modifier)
        raise ExpansionError(f"{self.text!r} has an unknown modifier {modifier or ''!r} in a substitution")

    def _name(self) -> str:
        start = self.index
        first = self._peek()
        if first is not None and first.isdecimal():
            while (character := self._peek()) is not None and character.isdecimal():
                self.index += 1
        elif first is not None and first in _SPECIAL_PARAMETERS:
            self.index += 1
        else:
            while (character := self._peek()) is not None and _is_name_character(character):
                self.index += 1
        return self.text[start : self.index]

    def _conditional(self, name: str, modifier: str, *, null_is_unset: bool) -> str:
        value = self.variables.get(name)
        present = value is not None and not (null_is_unset and value == "")
        if present and modifier != "+":
            # The word is not used: what it needs may stay unknown.
            self._skip_word()
            return value or ""
        if not present and modifier == "+":
            self._skip_word()
            return ""
        word = self.run(stop="}")
        if modifier == "?":
            raise ExpansionError(f"{name}: {word or 'is not allowed to be unset or empty'}")
        return word

    def _skip_word(self) -> None:
        """Pass over a word that is not used; what it says of unknown variables does not matter."""
        skipper = _Expander(self.text, _Anything(), self.escape, self.index)
        skipper.run(stop="}")
        self.index = skipper.index

    def _trim(self, name: str, modifier: str) -> str:
        pattern = self.run(stop="}", raw_escapes=True)
        value = self.variables.require(name)
        greedy = pattern.startswith(modifier)
        pattern = pattern[greedy:]
        if modifier == "#":
            return _trim_prefix(pattern, value, greedy=greedy)
        # A regular expression finds the leftmost match; the shortest suffix is found in the reverse.
        return _trim_prefix(_reverse_pattern(pattern), value[::-1], greedy=greedy)[::-1]

    def _replace(self, name: str) -> str:
        replace_all = self._peek() == "/"
        self.index += replace_all
        pattern = self.run(stop="/", raw_escapes=True)
        replacement = self.run(stop="}", raw_escapes=True)
        value = self.variables.require(name)
        regex = _shell_pattern(pattern, greedy=True)
        out: list[str] = []
        end = 0
        for match in regex.finditer(value):
            # Go takes no empty match right behind another match.
            if match.end() == match.start() == end and end > 0:
                continue
            out += [value[end : match.start()], replacement]
            end = match.end()
            if not replace_all:
                break
        return "".join([*out, value[end:]])


class _Anything(Variables):
    """Every variable is set, to nothing."""

    def get(self, name: str) -> str | None:  # noqa: ARG002
        return ""


def _is_name_character(character: str) -> bool:
    return character.isalpha() or character.isdecimal() or character == "_"


def _trim_prefix(pattern: str, value: str, *, greedy: bool) -> str:
    match = _shell_pattern(pattern, greedy=greedy).match(value)
    return value[match.end() :] if match else value


def _shell_pattern(pattern: str, *, greedy: bool) -> re.Pattern[str]:
    out = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == "*":
            out.append(".*" if greedy else ".*?")
        elif character == "?":
            out.append(".")
        elif character == "\\":
            escaped = pattern[index : index + 1]
            if escaped and escaped in "}/":
                # The escape belongs to `${}`, not to the pattern.
                continue
            if not escaped or escaped not in "*?\\":
                raise ExpansionError(f"the pattern {pattern!r} has an invalid escape")
            out.append("\\" + escaped)
            index += 1
        else:
            out.append(re.escape(character))
    return re.compile("".join(out))


def _reverse_pattern(pattern: str) -> str:
    return "".join(reversed(re.findall(r"\\.|.", pattern, re.DOTALL)))
