"""`.dockerignore` leaves out what BuildKit leaves out, for the same reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoped_images.context.control_files import read_ignore_file
from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.ignore_file import IgnoreFile

# (sentence, ignore file, paths left out, paths kept)
RULES = [
    ("no rules leave nothing out", "", [], ["a", "a/b"]),
    ("a name means a path from the root", "a", ["a", "a/b"], ["b/a", "ab"]),
    ("a leading slash changes nothing", "/a", ["a", "a/b"], ["b/a"]),
    ("a trailing slash changes nothing", "a/", ["a", "a/b"], ["b/a"]),
    ("a leading dot and slash change nothing", "./a", ["a"], ["b/a"]),
    ("dots are cleaned away", "x/../a", ["a"], ["x"]),
    ("a star stays in its folder", "*.pyc", ["a.pyc"], ["b/a.pyc"]),
    ("two stars reach any depth, none included", "**/*.pyc", ["a.pyc", "b/c/a.pyc"], ["a.py"]),
    (
        "two stars before plain text compare the end",
        "**/cache",
        ["cache", "a/cache", "a/cache/b"],
        ["mycache"],
    ),
    (
        "two stars and text without a slash compare the end",
        "**cache",
        ["mycache", "a/xcache"],
        ["cachex"],
    ),
    ("two stars at the end take what is below", "a/**", ["a/b", "a/b/c"], ["a", "b"]),
    ("two stars in the middle", "a/**/z", ["a/z", "a/b/c/z"], ["z", "b/z"]),
    ("two stars alone take everything", "**", ["a", "a/b"], []),
    ("an exception takes back", "*\n!a", ["b", "b/a"], ["a", "a/b"]),
    ("the last rule wins", "!a\na", ["a"], []),
    ("an exception below a folder that is left out", "a\n!a/b", ["a/c"], ["a/b", "a/b/c"]),
    ("an exception for a folder does not reach a file named before", "a/b\n!a", ["a/b"], ["a", "a/c"]),
    ("a space after the exclamation mark", "*\n! a", ["b"], ["a"]),
    ("a number sign starts a comment in the first column alone", "# a\n #b", ["#b"], ["a", "# a"]),
    ("spaces around a rule do not count", "  a \t\r\n", ["a"], [" a"]),
    ("a byte-order mark does not count", "\ufeffa", ["a"], []),
    ("a question mark is one character", "a?", ["ab"], ["a", "abc"]),
    ("a class is a set of characters", "[ab]", ["a", "b"], ["c"]),
    ("a negated class", "[^a]", ["b"], ["a"]),
    ("a backslash escapes", "a\\*", ["a*"], ["ab"]),
    ("a dot is a dot", "a.c*", ["a.c"], ["abc"]),
    ("the root itself is never left out", ".", [], ["a"]),
    # Upstream does not escape these in the regular expression that a pattern with a wildcard becomes.
    (
        "a bar is an alternative, and neither side is whole",
        "src|lib*",
        ["src", "src.py", "a/mylib"],
        ["a/src"],
    ),
    ("braces repeat", "x{2}*", ["xx", "xxq"], ["x{2}", "xq"]),
    ("braces may give the least and the most", "x{1,2}y*", ["xy", "xxyz"], ["y", "xxxy"]),
    ("braces without a first number are text", "x{,2}*", ["x{,2}", "x{,2}q"], ["", "xx"]),
    ("without a wildcard, bars and braces are text", "a|b{2}", ["a|b{2}"], ["a", "bb"]),
    ("a class may name characters", "[[:digit:]]*", ["1", "1a"], ["a", ":"]),
    ("a class may name what it does not have", "[[:^digit:]]*", ["a", ":"], ["1", "1a"]),
    ("a backslash at the end escapes the end", "b*a\\", ["ba$", "ba$c"], ["ba", "b"]),
]


@pytest.mark.parametrize(("text", "out", "kept"), [r[1:] for r in RULES], ids=[r[0] for r in RULES])
def test_excludes(text: str, out: list[str], kept: list[str]) -> None:
    ignore = IgnoreFile.parse(text)
    assert [path for path in out if not ignore.excludes(path)] == []
    assert [path for path in kept if ignore.excludes(path)] == []


def test_a_folder_is_entered_only_for_an_exception_below_it() -> None:
    ignore = IgnoreFile.parse("*\n!a/b\n")
    assert ignore.may_include_below("a")
    assert not ignore.may_include_below("b")
    assert IgnoreFile.parse("*\n!**/b\n").may_include_below("anything")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a/b", ".dockerignore:2: a"),
        ("b", ".dockerignore:4: !b"),
        ("c", "None"),
        ("a", ".dockerignore:2: a"),
    ],
)
def test_reason_names_the_line_that_decides(path: str, reason: str) -> None:
    assert str(IgnoreFile.parse("# comment\na\nb\n!b\n").reason(path)) == reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x\na[\n",
            r"\.dockerignore:2: the pattern 'a\[' has a \[class\] without end; fix or remove the line",
        ),
        (
            "a" * 4097,
            r"\.dockerignore:1: the pattern 'a{40}'… has 4097 characters, and at most 4096 are read; "
            "fix or remove the line",
        ),
        ("a\n" * 10_001, r"\.dockerignore: there are 10001 patterns, and at most 10000 are read"),
        (
            "*x{1000}\n" * 51,
            r"\.dockerignore: the 51 patterns are too large together: name folders in place of their files",
        ),
        ("!\n", r"\.dockerignore:1: a lone '!' excepts nothing; fix or remove the line"),
    ],
)
def test_a_malformed_rule_is_an_error_that_names_the_line(text: str, message: str) -> None:
    with pytest.raises(ScopedImagesError, match=message):
        IgnoreFile.parse(text)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("src\\yaml", "'\\y' is not a character; write / between folders"),
        ("src\\é*", "'\\é' is not a character; write / between folders"),
        ("*a{2}{3}", "'{3}' repeats a repetition"),
        ("a**/{2}", "'{2}' repeats a repetition"),
        ("a|{2}*", "there is nothing for '{2}' to repeat"),
        ("*a{1001}", "'{1001}' repeats more than 1000 times, or less than it says"),
        ("*a{3,2}", "'{3,2}' repeats more than 1000 times, or less than it says"),
        ("*" + "a{1000}" * 11, "its repetitions make more than 10000 steps"),
        ("[z-a]", "the range z-a is the wrong way round"),
        ("[[:letter:]]", "'[:letter:]' is not a class"),
        ("a*[", "a [class] has no end"),
        ("src\\data", "'\\d' is not a character; write / between folders"),
    ],
)
def test_a_rule_that_go_cannot_compile_is_an_error_when_it_is_tried(pattern: str, problem: str) -> None:
    """BuildKit compiles a pattern when it first compares it with a path. It would take `\\d` for any digit."""
    message = f".dockerignore:1: the pattern {pattern!r} is malformed: {problem}; fix or remove the line"
    with pytest.raises(ScopedImagesError, match=f"^{re.escape(message)}$"):
        IgnoreFile.parse(pattern).excludes("a")
    assert not IgnoreFile.parse(f"!{pattern}").excludes("a")


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 200 + "b", "**/" * 200 + "b", "**/*a" * 100 + "b", "a{1,300}" * 2 + "b*c"],
)
def test_many_wildcards_against_a_long_name_end_at_once(pattern: str) -> None:
    """A matcher that goes back and tries again takes longer than the universe has existed."""
    ignore = IgnoreFile.parse(pattern + "!")
    assert not ignore.excludes("a" * 255)
    assert not ignore.excludes("/".join(["a" * 100] * 30))


def test_a_path_may_have_more_folders_than_python_has_stack() -> None:
    deep = "a/" * 2000 + "b"
    ignore = IgnoreFile.parse("**/b\n!**/c")
    assert ignore.excludes(deep)
    assert str(ignore.reason(deep)) == ".dockerignore:1: **/b"


def test_the_dockerfile_s_own_ignore_file_wins_even_when_empty(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("a")
    dockerfile = tmp_path / "docker" / "api.Dockerfile"
    dockerfile.parent.mkdir()
    assert read_ignore_file(tmp_path, dockerfile).excludes("a")
    dockerfile.with_name("api.Dockerfile.dockerignore").write_text("")
    assert not read_ignore_file(tmp_path, dockerfile).excludes("a")
