"""Which files, folders and links the sources of a Dockerfile select."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoped_images.context.selection import select_files
from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.ignore_file import IgnoreFile
from tests.unit.context.selecting import make, paths, select

# (sentence, what there is, Dockerfile lines, ignore file, what is selected)
SELECTIONS = [
    ("one file", "a b", "COPY a /x", "", "a"),
    ("a folder, whole", "a/b a/c/d e", "COPY a /x", "", "a/ a/b a/c/ a/c/d"),
    ("an empty folder", "a/b/", "COPY a /x", "", "a/ a/b/"),
    ("the whole root", "a b/c", "COPY . /x", "", "a b/ b/c"),
    ("a file below", "a/b a/c", "COPY a/b /x", "", "a/ a/b"),
    ("a wildcard", "a.py b.py c.md", "COPY *.py /x/", "", "a.py b.py"),
    ("a wildcard takes folders whole", "a1/b a2 b", "COPY a* /x/", "", "a1/ a1/b a2"),
    ("a wildcard in the middle", "a/f b/f b/g c/d/f", "COPY */f /x/", "", "a/ a/f b/ b/f"),
    ("two stars are one folder to COPY", "f a/f a/b/f", "COPY **/f /x/", "", "a/ a/f"),
    ("a negated class reaches over a slash", "a/b a/c", "COPY a[^.]b /x/", "", "a/ a/b"),
    ("an escaped star is not a wildcard", "a[b ab", "COPY a[[]b /x/", "", "a[b"),
    ("what is ignored is not there", "a/b a/c", "COPY a /x", "a/b", "a/ a/c"),
    ("an ignored folder with an exception", "a/b a/c/d", "COPY a /x", "a\n!a/c", "a/ a/c/ a/c/d"),
    (
        "a link at the root's top is followed for its checksum",
        "d/f d/g e l->m m->d/f",
        "COPY --exclude=d --exclude=m . /x/",
        "",
        "d/ d/f e l m",
    ),
    (
        "a link at the root's top to a folder that is left out",
        "d/f l->d",
        "COPY --exclude=d . /x/",
        "",
        "d/ l",
    ),
    ("the exception alone", "a/b c/d", "COPY . /x", "*\n!a/b", "a/ a/b"),
    ("an exclude", "a/b.md a/b.py a/c/d.md", "COPY --exclude=*.md a /x", "", "a/ a/b.py a/c/ a/c/d.md"),
    ("an exclude at any depth", "a/b.md a/c/d.md", "COPY --exclude=**/*.md a /x", "", "a/ a/c/"),
    (
        "an exclude with an exception",
        "a/b/c a/b/d",
        "COPY --exclude=b --exclude=!b/c a /x",
        "",
        "a/ a/b/ a/b/c",
    ),
    ("an exclude does not touch a source itself", "a.md b.md", "COPY --exclude=*.md a.md /x", "", "a.md"),
    ("parents", "a/b/c a/d", "COPY --parents a/b/c /x/", "", "a/ a/b/ a/b/c"),
    ("parents of a folder", "a/b/c a/d", "COPY --parents a/b /x/", "", "a/ a/b/ a/b/c"),
    (
        "parents at any depth",
        "a.py a/b.py a/c/d.py e/f",
        "COPY --parents **/*.py /x/",
        "",
        "a/ a.py a/b.py a/c/ a/c/d.py",
    ),
    ("parents below a pivot", "a/b/c a/d/c", "COPY --parents a/./*/c /x/", "", "a/ a/b/ a/b/c a/d/ a/d/c"),
    (
        "parents with a wildcard before the pivot",
        "a1/b/c a2/b/d",
        "COPY --parents a*/./b/c /x/",
        "",
        "a1/ a1/b/ a1/b/c",
    ),
    (
        "parents without the excluded",
        "a/b.md a/b.py",
        "COPY --parents --exclude=**/*.md a /x/",
        "",
        "a/ a/b.py",
    ),
    ("a link in a folder stays a link", "a/l->../b b", "COPY a /x", "", "a/ a/l"),
    ("a link in a folder may lead nowhere", "a/l->/usr/bin/python3", "COPY a /x", "", "a/ a/l"),
    ("a link that is named is followed", "l->a/b a/b a/c", "COPY l /x", "", "a/ a/b l"),
    ("a link to a folder that is named", "l->a a/b", "COPY l /x", "", "a/ a/b l"),
    ("a link on the way", "l->a a/b a/c", "COPY l/b /x", "", "a/ a/b l"),
    ("a link before a wildcard", "l->a a/b a/c", "COPY l/b* /x/", "", "a/ a/b l"),
    ("links that a wildcard matches are followed", "l->a m->b a b", "COPY [lm] /x/", "", "a b l m"),
    ("a link to a link", "l->m m->a a", "COPY l /x", "", "a l m"),
    ("an absolute link starts at the root of the context", "l->/a/b a/b", "COPY l /x", "", "a/ a/b l"),
    (
        "a link that climbs stops at the root of the context",
        "c/l->../../../a a",
        "COPY c/l /x",
        "",
        "a c/ c/l",
    ),
    ("a bind mount has no wildcards", "a*/b ac/b", "RUN --mount=source=a*,target=/x true", "", "a*/ a*/b"),
    ("a bind mount of the context", "a b/c", "RUN --mount=target=/x true", "b", "a"),
]


@pytest.mark.parametrize(
    ("there", "lines", "ignore", "expected"), [s[1:] for s in SELECTIONS], ids=[s[0] for s in SELECTIONS]
)
def test_selects(tmp_path: Path, there: str, lines: str, ignore: str, expected: str) -> None:
    make(tmp_path, there)
    assert paths(tmp_path, select(tmp_path, lines, ignore)) == expected


def test_a_file_names_every_line_that_reads_it(tmp_path: Path) -> None:
    make(tmp_path, "a/b a/c")
    selection = select(tmp_path, "COPY a/b /x\nCOPY a /y")
    assert selection.lines == {"a": (2, 3), "a/b": (2, 3), "a/c": (3,)}


def test_a_wildcard_that_matches_nothing_is_a_warning(tmp_path: Path) -> None:
    """BuildKit builds on: a common way to copy a file if there is one."""
    make(tmp_path, "a")
    selection = select(tmp_path, "COPY a b* /x/")
    assert paths(tmp_path, selection) == "a"
    assert selection.warnings == ("Dockerfile:2: COPY source 'b*' matches nothing",)


# (sentence, what there is, Dockerfile lines, what is selected, the warning)
WARNINGS = [
    (
        "one of several parents is missing",
        "a/package.json",
        "COPY --parents a/package.json a/yarn.lock /x/",
        "a/ a/package.json",
        "'a/yarn.lock' matches nothing; BuildKit copies nothing up to release 0.25, and fails since",
    ),
    (
        "parents with a wildcard match nothing",
        "a/b",
        "COPY --parents a/b a/*.lock /x/",
        "a/ a/b",
        "'a/*.lock' matches nothing",
    ),
    (
        "an exclude leaves nothing of parents",
        "a/b",
        "COPY --parents --exclude=b a/./b /x/",
        "a/ a/b",
        "'a/./b' copies nothing: --exclude leaves out all that it matches",
    ),
    (
        "a link at the root's top leads to nothing",
        "e l->gone",
        "COPY --exclude=q . /x/",
        "e l",
        "'.' copies the link 'l', which leads to nothing in the build context: BuildKit fails there",
    ),
    (
        "a link at the root's top leads back to itself",
        "e l->l",
        "COPY --parents * /x/",
        "e l",
        "'*' copies the link 'l', which leads back to itself: BuildKit fails there",
    ),
]


@pytest.mark.parametrize(
    ("there", "lines", "expected", "warning"), [w[1:] for w in WARNINGS], ids=[w[0] for w in WARNINGS]
)
def test_what_buildkit_may_accept_is_a_warning(
    tmp_path: Path, there: str, lines: str, expected: str, warning: str
) -> None:
    make(tmp_path, there)
    selection = select(tmp_path, lines)
    assert paths(tmp_path, selection) == expected
    assert selection.warnings == (f"Dockerfile:2: COPY source {warning}",)


def test_a_folder_deeper_than_python_s_stack_is_selected(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(1100):  # mkdir(parents=True) would recurse
        folder = folder / "a"
        folder.mkdir()
    file = folder / "b"
    file.touch()
    selections = [paths(tmp_path, select(tmp_path, "COPY a /x", ignore)) for ignore in ("", "**/a\n!**/b")]
    file.unlink()  # pytest could not remove it
    while folder != tmp_path:
        folder.rmdir()
        folder = folder.parent
    assert [len(selection.split()) for selection in selections] == [1101, 1101]


def test_include_counts_as_a_source_without_a_line(tmp_path: Path) -> None:
    make(tmp_path, "a b")
    sources = context_sources("FROM debian\nARG P\nCOPY $P /x/\n", TargetOptions(include=["b*"]))
    selection = select_files(tmp_path, sources, IgnoreFile())
    assert selection.lines == {"b": (0,)}
    for wrong, problem in [("c", "does not exist"), ("c*", "matches nothing")]:
        with pytest.raises(ScopedImagesError, match=f"^include source {re.escape(repr(wrong))} {problem}"):
            select_files(
                tmp_path, context_sources("FROM debian\n", TargetOptions(include=[wrong])), IgnoreFile()
            )
