"""What comes from files steers neither a terminal nor a CI service, and stays readable."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoped_images.errors import ScopedImagesError
from scoped_images.printable import printable, printable_line

UNSAFE: tuple[Literal["Cc", "Cf", "Cs", "Zl", "Zp"], ...] = ("Cc", "Cf", "Cs", "Zl", "Zp")
# With lone surrogates, as names hold them that are not UTF-8; and often with what makes a command.
PARTS = st.one_of(
    st.sampled_from(["::", "##", "[", "vso", "\n", " ", "\u3000", "\x1b", "#"]),
    st.characters(categories=None),
    st.characters(categories=UNSAFE),
)
TEXTS = st.lists(PARTS).map("".join)


@given(text=TEXTS)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_the_result_holds_nothing_that_steers(text: str) -> None:
    shown = printable(text)
    assert {c for c in shown if unicodedata.category(c) in UNSAFE} <= {"\n"}
    assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))
    assert not re.search(r"##[A-Za-z]*\[", shown)
    assert shown.count("\n") == text.count("\n")
    assert printable(shown) == shown
    assert "\n" not in printable_line(text)
    assert printable_line(printable_line(text)) == printable_line(text)


@given(text=st.text(st.characters(exclude_categories=UNSAFE, exclude_characters=":#")))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_other_text_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Größe … → 12 kB\u00a0größer\n  next line",
        "東京/ファイル.py",
        "build 🚀 done ❤\ufe0f",
        r"C:\new\x1b",
        "std::vector, a::b, ::1 is not at the start",
        "# heading ## [link]",
        "[bold]",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("over\rwritten\b\t\x00\x7f", r"over\rwritten\x08\t\x00\x7f"),
        ("a\x85b\u2028c\u2029d", r"a\x85b\u2028c\u2029d"),
        ("\x9b31m", r"\x9b31m"),
        ("exe\u202egpj.txt", r"exe\u202egpj.txt"),
        ("a\u200bb\ufeff\U000e0041", r"a\u200bb\ufeff\U000e0041"),
        ("caf\udce9", r"caf\udce9"),
        ("::error::forged", r"\::error::forged"),
        ("a\n \u3000::set-output name=x::y", "a\n \u3000\\::set-output name=x::y"),
        ("a\r::error::b", r"a\r::error::b"),
        ("see ##[add-mask]x", r"see ##\[add-mask]x"),
        ("see ##vso[task.setvariable]x", r"see ##vso\[task.setvariable]x"),
        ("##teamcity[x]", r"##teamcity\[x]"),
    ],
)
def test_what_steers_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_has_no_newlines() -> None:
    assert printable_line("a\n::error::b") == r"a\n::error::b"


def test_an_error_keeps_its_lines_and_holds_no_command() -> None:
    error = ScopedImagesError("files:\n  a\x1b[2J\n::error::b")
    assert str(error) == "files:\n  a\\x1b[2J\n\\::error::b"
