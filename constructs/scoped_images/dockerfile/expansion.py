"""Expands `$NAME` and `${NAME…}` in a word, quotes and escapes included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scoped_images.dockerfile.shell_lexer import Budget, ShellError, ShellLexer
from scoped_images.dockerfile.variables import Unknown, Value, Variables
from scoped_images.patterns.go_match import BadPatternError
from scoped_images.patterns.shell_glob import ShellGlob

_TEMPLATE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


def expand(
    word: str, variables: Variables, budget: Budget, *, escape: str = "\\", quotes: bool = True
) -> Value:
    """Expand one word; raises ShellError.

    escape: the character of the `# escape` directive.
    quotes: whether quotes mean something, as everywhere but in heredocs.
    """
    return _Word(word.removeprefix("\ufeff"), budget, escape, quotes, variables=variables).read(stop="")


@dataclass
class _Word(ShellLexer):
    variables: Variables = field(kw_only=True)

    def variable(self, name: str, written: str) -> Value:  # noqa: ARG002 - only the value counts
        return self.variables.require(name)

    def modified(self, name: str, modifier: str) -> Value:
        if modifier == "/":
            return self._replace(name)
        null_is_unset = modifier == ":"
        if null_is_unset:
            modifier = self.next()
        if modifier and modifier in "-+?":
            return self._conditional(name, modifier, null_is_unset=null_is_unset)
        if modifier and modifier in "#%" and not null_is_unset:
            return self._trim(name, modifier)
        raise self.error(f"has an unknown modifier {modifier!r} in a substitution")

    def _conditional(self, name: str, modifier: str, *, null_is_unset: bool) -> Value:
        # Even an unused word must be well-formed.
        word = self.read(stop="}")
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
            raise ShellError(f"{name}: {reason}")
        return word

    def _trim(self, name: str, modifier: str) -> Value:
        pattern = self.read(stop="}", raw_escapes=True)
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
        replace_all = self.peek() == "/"
        self.index += replace_all
        pattern = self.read(stop="/", raw_escapes=True)
        replacement = self.read(stop="}", raw_escapes=True)
        value = self.variables.require(name)
        if isinstance(pattern, Unknown):
            return pattern
        glob = self._glob(pattern, value)
        for part in (replacement, value):
            if isinstance(part, Unknown):
                return part
        assert isinstance(replacement, str)
        assert isinstance(value, str)
        return self.budget.join(_replaced(glob, value, replacement, replace_all=replace_all))

    def _glob(self, pattern: str, value: Value) -> ShellGlob:
        # The machine takes two steps for each character, over as many bits as the pattern has; each costs more than a
        # character that is copied.
        length = len(value) if isinstance(value, str) else 0
        self.budget.spend((length + 1) * (8 + len(pattern) // 64))
        try:
            return ShellGlob.parse(pattern)
        except BadPatternError as error:
            raise ShellError(str(error)) from None


def _replaced(glob: ShellGlob, value: str, replacement: str, *, replace_all: bool) -> Iterator[str]:
    end = 0
    for start, stop in glob.matches(value):
        yield value[end:start]
        yield _fill(replacement, value[start:stop]) if replace_all else replacement
        end = stop
        if not replace_all:
            break
    yield value[end:]


def _fill(replacement: str, matched: str) -> str:
    """Expand a replacement as Go's Regexp.ReplaceAllString: `$0` is what matched, and there are no other groups."""
    if "$" not in replacement:
        return replacement
    return _TEMPLATE.sub(
        lambda found: "$" if found[1] else matched if (found[2] or found[3]) == "0" else "", replacement
    )
