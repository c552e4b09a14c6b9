"""Sets of characters: what a `[class]`, an escape or a wildcard matches."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from scoped_images.patterns.go_text import REPLACEMENT

Range = tuple[str, str]


@dataclass(frozen=True)
class Category:
    """The characters of one of Unicode's general categories, such as `L` or `Lu`."""

    name: str

    def accepts(self, character: str) -> bool:
        """Return whether the category has the character; Go's `C` lacks what Unicode has not assigned."""
        category = unicodedata.category(character)
        return category.startswith(self.name) and (category != "Cn" or self.name == "Cn")


@dataclass(frozen=True)
class CharacterSet:
    """Any character of `parts`, or with `negated` any other."""

    parts: tuple[Range | Category | CharacterSet, ...]
    negated: bool = False

    @classmethod
    def of(cls, character: str) -> CharacterSet:
        """Make the set of one character."""
        return cls(((character, character),))

    def accepts(self, character: str) -> bool:
        """Return whether the set has the character."""
        if "\ud800" <= character <= "\udfff":
            character = REPLACEMENT
        return (
            any(
                part[0] <= character <= part[1] if isinstance(part, tuple) else part.accepts(character)
                for part in self.parts
            )
            is not self.negated
        )

    def negate(self) -> CharacterSet:
        """Return the set of all other characters."""
        return CharacterSet(self.parts, not self.negated)


@dataclass(frozen=True)
class Literal:
    """One character, compared byte by byte: a byte that is not UTF-8 matches only itself."""

    character: str

    def accepts(self, character: str) -> bool:
        """Return whether it is this character."""
        return character == self.character


ANY = CharacterSet((), negated=True)
NOT_A_SLASH = CharacterSet((("/", "/"),), negated=True)
NOT_A_NEWLINE = CharacterSet((("\n", "\n"),), negated=True)

DIGIT = CharacterSet((("0", "9"),))
SPACE = CharacterSet((("\t", "\n"), ("\f", "\r"), (" ", " ")))
WORD = CharacterSet((("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")))
POSIX = {
    "alnum": CharacterSet((("0", "9"), ("A", "Z"), ("a", "z"))),
    "alpha": CharacterSet((("A", "Z"), ("a", "z"))),
    "ascii": CharacterSet((("\0", "\x7f"),)),
    "blank": CharacterSet((("\t", "\t"), (" ", " "))),
    "cntrl": CharacterSet((("\0", "\x1f"), ("\x7f", "\x7f"))),
    "digit": DIGIT,
    "graph": CharacterSet((("!", "~"),)),
    "lower": CharacterSet((("a", "z"),)),
    "print": CharacterSet(((" ", "~"),)),
    "punct": CharacterSet((("!", "/"), (":", "@"), ("[", "`"), ("{", "~"))),
    "space": CharacterSet((("\t", "\r"), (" ", " "))),
    "upper": CharacterSet((("A", "Z"),)),
    "word": WORD,
    "xdigit": CharacterSet((("0", "9"), ("A", "F"), ("a", "f"))),
}
