"""What counts as whitespace in a Dockerfile.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/parser/parser.go uses two sets.
"""

from __future__ import annotations

import re

# Go's unicode.IsSpace; Python's str.isspace also takes the separators \x1c to \x1f.
SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
# What separates the words of most instructions (upstream's reWhitespace).
SEPARATOR = re.compile(r"[\t\v\f\r ]+")
