"""Variables and quotes are expanded as BuildKit expands them, but nothing is guessed."""

from __future__ import annotations

import pytest

from scoped_images.dockerfile import expansion
from scoped_images.dockerfile.shell_lexer import Budget, ShellError
from scoped_images.dockerfile.variables import Unknown, Value, Variables

VARIABLES = Variables(
    {"A": "hello", "EMPTY": "", "PATHLIKE": "/tmp/foo.txt", "FOO": "xxyy", "LATE": Unknown("ROOT")},
    declared={"DECLARED"},
)


def expand(word: str, variables: Variables, escape: str = "\\") -> Value:
    return expansion.expand(word, variables, Budget(), escape=escape)


WORDS = [
    ("a plain word stays", "src/a", "src/a"),
    ("a variable", "$A", "hello"),
    ("a variable in braces", "x${A}y", "xhelloy"),
    ("a dollar before no name", "a$/b", "a$/b"),
    ("single quotes keep a dollar", "'$A'", "$A"),
    ("double quotes expand", '"$A b"', "hello b"),
    ("a backslash escapes a dollar", r"\$A", "$A"),
    ("a backslash vanishes before a letter", r"a\b", "ab"),
    ("but not in double quotes", r'"a\b"', r"a\b"),
    ("a default for an unset variable", "${DECLARED:-src}", "src"),
    ("a default for an empty variable", "${EMPTY:-src}", "src"),
    ("no default for an empty variable without the colon", "${EMPTY-src}", ""),
    ("a default that is not used", "${A:-src}", "hello"),
    ("a default that is not used may be unknown", "${A:-$LATE}", "hello"),
    ("a default of a default", "${DECLARED:-${EMPTY:-x}}", "x"),
    ("an alternative for a set variable", "${A:+src}", "src"),
    ("no alternative for an unset one", "${DECLARED:+$LATE}", ""),
    ("a check that passes", "${A:?needed}", "hello"),
    ("the shortest prefix", "${FOO#*x}", "xyy"),
    ("the longest prefix", "${FOO##*x}", "yy"),
    ("the shortest suffix", "${FOO%y*}", "xxy"),
    ("the longest suffix", "${FOO%%y*}", "xx"),
    ("an escaped wildcard in a prefix", r"${FOO#x\*}", "xxyy"),
    ("a prefix that does not match", "${FOO#y}", "xxyy"),
    ("the first occurrence", "${FOO/x/z}", "zxyy"),
    ("every occurrence", "${FOO//x/z}", "zzyy"),
    ("a wildcard takes all it can", "${PATHLIKE/o*t/.}", "/tmp/f."),
    ("an escaped slash in the pattern", r"${PATHLIKE//\//-}", "-tmp-foo.txt"),
    ("an empty match right behind a match does not count", "${FOO//*/z}", "z"),
    ("an empty value has one empty match", "${EMPTY/*/z}", "z"),
    ("what matched, in a replacement of every occurrence", "${FOO//x/'<$0>'}", "<x><x>yy"),
    ("but not in a replacement of the first", "${FOO/x/'<$0>'}", "<$0>xyy"),
    ("letters of any alphabet", "안녕$A", "안녕hello"),
]


@pytest.mark.parametrize(("word", "expected"), [w[1:] for w in WORDS], ids=[w[0] for w in WORDS])
def test_expand(word: str, expected: str) -> None:
    assert expand(word, VARIABLES) == expected


def test_the_escape_directive_chooses_another_escape() -> None:
    assert expand("a\\b`$A", VARIABLES, escape="`") == "a\\b$A"


@pytest.mark.parametrize(
    "word", ["'a", '"a', "${}", "${A", "${:-x}", "${A:=x}", "${A:#x}", "${DECLARED:?}", r"${FOO#\q}"]
)
def test_a_malformed_word_is_an_error(word: str) -> None:
    with pytest.raises(ShellError):
        expand(word, VARIABLES)


@pytest.mark.parametrize(
    ("word", "name"),
    [("$NONE", "NONE"), ("$DECLARED", "DECLARED"), ("${NONE#x}", "NONE"), ("a${LATE}", "ROOT")],
)
def test_a_variable_without_a_value_is_named(word: str, name: str) -> None:
    assert expand(word, VARIABLES) == Unknown(name)


def test_a_base_image_may_set_what_no_arg_declares() -> None:
    inherited = Variables(inherits=True, declared={"DECLARED"})
    assert expand("${DECLARED:-x}", inherited) == "x"
    assert expand("${FROM_BASE:-x}", inherited) == Unknown("FROM_BASE")


@pytest.mark.parametrize(
    "word",
    [
        "${LONG#" + "*a" * 30 + "b}",
        "${LONG%%b" + "a*" * 30 + "}",
        "${LONG//" + "*a" * 30 + "b/x}",
        "${LONG##*?*?*b}",
    ],
)
def test_a_pattern_of_many_stars_takes_no_longer_than_any(word: str) -> None:
    """A matcher that backtracks would not end in this century."""
    assert expand(word, Variables({"LONG": "a" * 2000})) == "a" * 2000
