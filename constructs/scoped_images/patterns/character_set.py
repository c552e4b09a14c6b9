"""Sets of characters: what a `[class]` or a wildcard matches."""

from __future__ import annotations

from dataclasses import dataclass

from scoped_images.patterns.go_text import REPLACEMENT

Range = tuple[str, str]


@dataclass(frozen=True)
class CharacterSet:
    """Any character of `parts`, or with `negated` any other."""

    parts: tuple[Range | CharacterSet, ...]
    negated: bool = False

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


def characters(*ranges: str) -> CharacterSet:
    """Make a set of single characters and of ranges, each written as its two ends."""
    return CharacterSet(tuple((each[0], each[-1]) for each in ranges))


ANY = CharacterSet((), negated=True)
NOT_A_SLASH = CharacterSet((("/", "/"),), negated=True)
NOT_A_NEWLINE = CharacterSet((("\n", "\n"),), negated=True)

POSIX = {
    "alnum": characters("09", "AZ", "az"),
    "alpha": characters("AZ", "az"),
    "ascii": characters("\0\x7f"),
    "blank": characters("\t", " "),
    "cntrl": characters("\0\x1f", "\x7f"),
    "digit": characters("09"),
    "graph": characters("!~"),
    "lower": characters("az"),
    "print": characters(" ~"),
    "punct": characters("!/", ":@", "[`", "{~"),
    "space": characters("\t\r", " "),
    "upper": characters("AZ"),
    "word": characters("09", "AZ", "_", "az"),
    "xdigit": characters("09", "AF", "af"),
}
