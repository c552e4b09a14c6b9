"""Expands `$NAME` and `${NAME…}` in a word as BuildKit's shell lexer does, quotes and escapes included.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/shell/lex.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scoped_images.dockerfile.expanded_word import Effort, ExpansionError, Pieces
from scoped_images.dockerfile.limits import MAX_NESTING, MAX_VALUE_LENGTH
from scoped_images.dockerfile.variable_name import name_end
from scoped_images.dockerfile.variables import Unknown, Value, Variables
from scoped_images.patterns.go_match import BadPatternError
from scoped_images.patterns.shell_glob import ShellGlob

# What needs no look character by character: neither special nor the end of a substitution.
_PLAIN = re.compile(r"[^$'\"\\`}/]+")
_TEMPLATE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


@dataclass
class Expansion:
    """Expands the words of one Dockerfile, within limits for all of them together.

    escape: the character of the `# escape` directive. max_length: of a word after its expansion.
    """

    escape: str = "\\"
    max_length: int = MAX_VALUE_LENGTH
    effort: Effort = field(default_factory=Effort)

    def expand(self, word: str, variables: Variables, *, quotes: bool = True) -> Value:
        """Expand one word; raises ExpansionError.

        quotes: whether quotes mean something, as everywhere but in heredocs.
        """
        return _Word(self, word.removeprefix("\ufeff"), variables, quotes=quotes).run(stop="")

    def pieces(self) -> Pieces:
        """Return the parts of a new word."""
        return Pieces(self.effort, self.max_length)


@dataclass
class _Word:
    expansion: Expansion
    text: str
    variables: Variables
    quotes: bool
    index: int = 0
    nesting: int = 0

    def run(self, *, stop: str, raw_escapes: bool = False) -> Value:
        """Read up to the `stop` character, which is consumed, or to the end."""
        out = self.expansion.pieces()
        while (character := self._peek()) is not None:
            if character == stop:
                self.index += 1
                return out.joined()
            if character == "$":
                out.add(self._dollar())
            elif character == "'" and self.quotes:
                out.add(self._single_quoted())
            elif character == '"' and self.quotes:
                out.add(self._double_quoted(raw_escapes=raw_escapes))
            elif character == self.expansion.escape:
                self.index += 1
                if raw_escapes:
                    out.add(character)
                out.add(self._next())
            else:
                plain = _PLAIN.match(self.text, self.index)
                out.add(plain[0] if plain else character)
                self.index += len(plain[0]) if plain else 1
        if stop:
            raise ExpansionError(f"{self._shown} lacks a {stop!r}")
        return out.joined()

    @property
    def _shown(self) -> str:
        return repr(self.text if len(self.text) <= 80 else f"{self.text[:80]}…")

    def _peek(self) -> str | None:
        return self.text[self.index] if self.index < len(self.text) else None

    def _next(self) -> str:
        character = self._peek() or ""
        self.index += 1
        return character

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.index + 1)
        if end < 0:
            raise ExpansionError(f"{self._shown} lacks a closing single quote")
        content = self.text[self.index + 1 : end]
        self.index = end + 1
        return content

    def _double_quoted(self, *, raw_escapes: bool) -> Value:
        out = self.expansion.pieces()
        escape = self.expansion.escape
        self.index += 1
        while (character := self._peek()) != '"':
            if character is None:
                raise ExpansionError(f"{self._shown} lacks a closing double quote")
            if character == "$":
                out.add(self._dollar())
                continue
            self.index += 1
            if character == escape:
                if raw_escapes:
                    out.add(character)
                following = self._peek()
                if following is None:
                    continue
                if following in ('"', "$", escape):
                    character = following
                    self.index += 1
            out.add(character)
        self.index += 1
        return out.joined()

    def _dollar(self) -> Value:
        self.index += 1
        if self._peek() != "{":
            name = self._name()
            return self.variables.require(name) if name else "$"
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise ExpansionError(f"{self._shown} has more than {MAX_NESTING} substitutions in each other")
        value = self._braces()
        self.nesting -= 1
        return value

    def _braces(self) -> Value:
        self.index += 1
        if self._peek() in (None, "{", "}", ":"):
            raise ExpansionError(f"{self._shown} has a bad substitution")
        name = self._name()
        modifier = self._next()
        if modifier == "}":
            return self.variables.require(name)
        if modifier == "/":
            return self._replace(name)
        null_is_unset = modifier == ":"
        if null_is_unset:
            modifier = self._next()
        if modifier and modifier in "-+?":
            return self._conditional(name, modifier, null_is_unset=null_is_unset)
        if modifier and modifier in "#%" and not null_is_unset:
            return self._trim(name, modifier)
        raise ExpansionError(f"{self._shown} has an unknown modifier {modifier!r} in a substitution")

    def _name(self) -> str:
        start, self.index = self.index, name_end(self.text, self.index)
        return self.text[start : self.index]

    def _conditional(self, name: str, modifier: str, *, null_is_unset: bool) -> Value:
        # Also a word that is not used has to be well-formed.
        word = self.run(stop="}")
        value = self.variables.get(name)
        if isinstance(value, Unknown):
            return value
        present = value is not None and not (null_is_unset and value == "")
        if modifier == "+":
            return word if present else ""
        if present:
            return value or ""
        if modifier == "?":
            reason = word if isinstance(word, str) and word else "is not allowed to be unset or empty"
            raise ExpansionError(f"{name}: {reason}")
        return word

    def _trim(self, name: str, modifier: str) -> Value:
        pattern = self.run(stop="}", raw_escapes=True)
        value = self.variables.require(name)
        if isinstance(pattern, Unknown):
            return pattern
        longest = pattern.startswith(modifier)
        glob = self._glob(pattern[longest:], value)
        if isinstance(value, Unknown):
            return value
        if modifier == "#":
            return value[glob.prefix(value, longest=longest) or 0 :]
        return value[: glob.suffix(value, longest=longest)]

    def _replace(self, name: str) -> Value:
        replace_all = self._peek() == "/"
        self.index += replace_all
        pattern = self.run(stop="/", raw_escapes=True)
        replacement = self.run(stop="}", raw_escapes=True)
        value = self.variables.require(name)
        if isinstance(pattern, Unknown):
            return pattern
        glob = self._glob(pattern, value)
        for part in (replacement, value):
            if isinstance(part, Unknown):
                return part
        assert isinstance(replacement, str)
        assert isinstance(value, str)
        out = self.expansion.pieces()
        end = 0
        for start, stop in glob.matches(value):
            out.add(value[end:start])
            out.add(_fill(replacement, value[start:stop]) if replace_all else replacement)
            end = stop
            if not replace_all:
                break
        out.add(value[end:])
        return out.joined()

    def _glob(self, pattern: str, value: Value) -> ShellGlob:
        # The machine takes two steps for each character, over as many bits as the pattern has; each costs more than a
        # character that is copied.
        length = len(value) if isinstance(value, str) else 0
        self.expansion.effort.spend((length + 1) * (8 + len(pattern) // 64))
        try:
            return ShellGlob.parse(pattern)
        except BadPatternError as error:
            raise ExpansionError(str(error)) from None


def _fill(replacement: str, matched: str) -> str:
    """Expand a replacement as Go's Regexp.ReplaceAllString: `$0` is what matched, and there are no other groups."""
    if "$" not in replacement:
        return replacement
    return _TEMPLATE.sub(
        lambda found: "$" if found[1] else matched if (found[2] or found[3]) == "0" else "", replacement
    )
