"""Go's rules for text and paths where Python's differ."""

from __future__ import annotations

import posixpath

# unicode.IsSpace; Python's str.isspace and str.strip take the separators \x1c to \x1f too.
SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
# Go decodes a byte that is not UTF-8 as this character. Python reads such a byte of a name as a lone surrogate.
REPLACEMENT = "\ufffd"


def clean_path(path: str) -> str:
    """Shorten a path as filepath.Clean does."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned
