"""Which files, folders and links the sources of a Dockerfile select."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from scoped_images.context_file import Kind
from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.selection import Selection, select_files
from scoped_images.errors import ScopedImagesError
from scoped_images.ignore_file import IgnoreFile


def make(root: Path, *paths: str) -> None:
    """Create files, folders (`a/`) and links (`a -> b`)."""
    for path in paths:
        name, arrow, target = path.partition(" -> ")
        full = root / name
        full.parent.mkdir(parents=True, exist_ok=True)
        if arrow:
            full.symlink_to(target)
        elif name.endswith("/"):
            full.mkdir(exist_ok=True)
        else:
            full.write_text(name)


def select(root: Path, lines: str, ignore: str = "") -> Selection:
    """Select for a Dockerfile of one stage, whose first line after FROM is line 2."""
    sources = context_sources(f"FROM scratch\n{lines}\n")
    return select_files(root, sources, IgnoreFile.parse(ignore))


def paths(selection: Selection) -> list[str]:
    """Files and links, and folders with a slash."""
    return [f"{item.path}/" if item.kind is Kind.DIRECTORY else item.path for item in selection.paths]


# (sentence, what there is, Dockerfile lines, ignore file, what is selected)
SELECTIONS = [
    ("one file", ["a", "b"], "COPY a /x", "", ["a"]),
    ("a folder, whole", ["a/b", "a/c/d", "e"], "COPY a /x", "", ["a/", "a/b", "a/c/", "a/c/d"]),
    ("an empty folder", ["a/b/"], "COPY a /x", "", ["a/", "a/b/"]),
    ("the whole root", ["a", "b/c"], "COPY . /x", "", ["a", "b/", "b/c"]),
    ("a file below", ["a/b", "a/c"], "COPY a/b /x", "", ["a/", "a/b"]),
    ("a wildcard", ["a.py", "b.py", "c.md"], "COPY *.py /x/", "", ["a.py", "b.py"]),
    ("a wildcard takes folders whole", ["a1/b", "a2", "b"], "COPY a* /x/", "", ["a1/", "a1/b", "a2"]),
    (
        "a wildcard in the middle",
        ["a/f", "b/f", "b/g", "c/d/f"],
        "COPY */f /x/",
        "",
        ["a/", "a/f", "b/", "b/f"],
    ),
    ("two stars are one folder to COPY", ["f", "a/f", "a/b/f"], "COPY **/f /x/", "", ["a/", "a/f"]),
    ("a negated class reaches over a slash", ["a/b", "a/c"], "COPY a[^.]b /x/", "", ["a/", "a/b"]),
    ("an escaped star is no wildcard", ["a[b", "ab"], "COPY a[[]b /x/", "", ["a[b"]),
    ("what is ignored is not there", ["a/b", "a/c"], "COPY a /x", "a/b", ["a/", "a/c"]),
    (
        "an ignored folder with an exception",
        ["a/b", "a/c/d"],
        "COPY a /x",
        "a\n!a/c",
        ["a/", "a/c/", "a/c/d"],
    ),
    ("the exception alone", ["a/b", "c/d"], "COPY . /x", "*\n!a/b", ["a/", "a/b"]),
    (
        "an exclude",
        ["a/b.md", "a/b.py", "a/c/d.md"],
        "COPY --exclude=*.md a /x",
        "",
        ["a/", "a/b.py", "a/c/", "a/c/d.md"],
    ),
    ("an exclude at any depth", ["a/b.md", "a/c/d.md"], "COPY --exclude=**/*.md a /x", "", ["a/", "a/c/"]),
    (
        "an exclude with an exception",
        ["a/b/c", "a/b/d"],
        "COPY --exclude=b --exclude=!b/c a /x",
        "",
        ["a/", "a/b/", "a/b/c"],
    ),
    (
        "an exclude does not touch a source itself",
        ["a.md", "b.md"],
        "COPY --exclude=*.md a.md /x",
        "",
        ["a.md"],
    ),
    ("parents", ["a/b/c", "a/d"], "COPY --parents a/b/c /x/", "", ["a/", "a/b/", "a/b/c"]),
    ("parents of a folder", ["a/b/c", "a/d"], "COPY --parents a/b /x/", "", ["a/", "a/b/", "a/b/c"]),
    (
        "parents at any depth",
        ["a.py", "a/b.py", "a/c/d.py", "e/f"],
        "COPY --parents **/*.py /x/",
        "",
        ["a/", "a.py", "a/b.py", "a/c/", "a/c/d.py"],
    ),
    (
        "parents below a pivot",
        ["a/b/c", "a/d/c"],
        "COPY --parents a/./*/c /x/",
        "",
        ["a/", "a/b/", "a/b/c", "a/d/", "a/d/c"],
    ),
    (
        "parents with a wildcard before the pivot",
        ["a1/b/c", "a2/b/d"],
        "COPY --parents a*/./b/c /x/",
        "",
        ["a1/", "a1/b/", "a1/b/c"],
    ),
    (
        "parents without the excluded",
        ["a/b.md", "a/b.py"],
        "COPY --parents --exclude=**/*.md a /x/",
        "",
        ["a/", "a/b.py"],
    ),
    ("a link in a folder stays a link", ["a/l -> ../b", "b"], "COPY a /x", "", ["a/", "a/l"]),
    ("a link in a folder may lead nowhere", ["a/l -> /usr/bin/python3"], "COPY a /x", "", ["a/", "a/l"]),
    ("a link that is named is followed", ["l -> a/b", "a/b", "a/c"], "COPY l /x", "", ["a/", "a/b", "l"]),
    ("a link to a folder that is named", ["l -> a", "a/b"], "COPY l /x", "", ["a/", "a/b", "l"]),
    ("a link on the way", ["l -> a", "a/b", "a/c"], "COPY l/b /x", "", ["a/", "a/b", "l"]),
    ("a link before a wildcard", ["l -> a", "a/b", "a/c"], "COPY l/b* /x/", "", ["a/", "a/b", "l"]),
    (
        "links that a wildcard matches are followed",
        ["l -> a", "m -> b", "a", "b"],
        "COPY [lm] /x/",
        "",
        ["a", "b", "l", "m"],
    ),
    ("a link to a link", ["l -> m", "m -> a", "a"], "COPY l /x", "", ["a", "l", "m"]),
    (
        "an absolute link starts at the root of the context",
        ["l -> /a/b", "a/b"],
        "COPY l /x",
        "",
        ["a/", "a/b", "l"],
    ),
    (
        "a link that climbs stops at the root of the context",
        ["c/l -> ../../../a", "a"],
        "COPY c/l /x",
        "",
        ["a", "c/", "c/l"],
    ),
    (
        "a bind mount has no wildcards",
        ["a*/b", "ac/b"],
        "RUN --mount=source=a*,target=/x true",
        "",
        ["a*/", "a*/b"],
    ),
    ("a bind mount of the context", ["a", "b/c"], "RUN --mount=target=/x true", "b", ["a"]),
]


@pytest.mark.parametrize(
    ("there", "lines", "ignore", "expected"), [s[1:] for s in SELECTIONS], ids=[s[0] for s in SELECTIONS]
)
def test_selects(tmp_path: Path, there: list[str], lines: str, ignore: str, expected: list[str]) -> None:
    make(tmp_path, *there)
    assert paths(select(tmp_path, lines, ignore)) == expected


def test_every_line_that_asks_for_a_file_is_told(tmp_path: Path) -> None:
    make(tmp_path, "a/b", "a/c")
    selection = select(tmp_path, "COPY a/b /x\nCOPY a /y")
    assert [(item.path, item.lines) for item in selection.paths] == [
        ("a", (2, 3)),
        ("a/b", (2, 3)),
        ("a/c", (3,)),
    ]


def test_a_wildcard_that_matches_nothing_is_a_warning(tmp_path: Path) -> None:
    """BuildKit builds on: a common way to copy a file if there is one."""
    make(tmp_path, "a")
    selection = select(tmp_path, "COPY a b* /x/")
    assert paths(selection) == ["a"]
    assert selection.warnings == ("Dockerfile:2: COPY source 'b*' matches nothing",)


# (sentence, what there is, Dockerfile lines, ignore file, message, {root} being the context)
ERRORS = [
    (
        "nothing there",
        ["b"],
        "COPY a /x",
        "",
        "Dockerfile:2: COPY source 'a' does not exist: there is no {root}/a",
    ),
    (
        "a file where a folder is meant",
        ["a"],
        "COPY a/b /x",
        "",
        "Dockerfile:2: COPY source 'a/b' does not exist: there is no {root}/a/b",
    ),
    (
        "ignored",
        ["a/b"],
        "COPY a/b /x",
        "x\na/",
        "Dockerfile:2: COPY source 'a/b' is left out by .dockerignore:2: a/",
    ),
    (
        "a wildcard in a folder that is not there",
        ["b"],
        "COPY a/* /x/",
        "",
        "Dockerfile:2: COPY source 'a/*' does not exist: there is no {root}/a",
    ),
    (
        "a wildcard in a folder of which nothing is wanted",
        ["a/b"],
        "COPY a/*.md /x/",
        "",
        "Dockerfile:2: COPY source 'a/*.md' matches nothing",
    ),
    (
        "a malformed wildcard",
        ["a"],
        "COPY a[ /x/",
        "",
        "Dockerfile:2: COPY source 'a[' is malformed: the pattern 'a[' has a [class] without end",
    ),
    (
        "parents of nothing",
        ["a"],
        "COPY --parents b/c /x/",
        "",
        "Dockerfile:2: COPY source 'b/c' matches nothing",
    ),
    (
        "a mount of nothing",
        ["a"],
        "RUN --mount=source=b,target=/x true",
        "",
        "Dockerfile:2: RUN --mount source 'b' does not exist: there is no {root}/b",
    ),
    (
        "a link out of the root",
        ["l -> ../../etc/passwd"],
        "COPY l /x",
        "",
        "Dockerfile:2: COPY source 'l' goes through the link 'l' to '../../etc/passwd', which leads out of the build "
        "context or to nothing in it: there is no 'etc/passwd' in the context",
    ),
    (
        "a link to itself",
        ["a/l -> ../a/l"],
        "COPY a/l /x",
        "",
        "build context: the link {root}/a/l leads back to itself",
    ),
    (
        "a file that BuildKit would send empty",
        ["a/b"],
        "COPY . /x",
        "a\n!a/b\na",
        "build context: BuildKit would copy 'a/b' without its content, because .dockerignore:3: a comes again after "
        "an exception; remove one of the two lines",
    ),
]


@pytest.mark.parametrize(
    ("there", "lines", "ignore", "message"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS]
)
def test_refuses(tmp_path: Path, there: list[str], lines: str, ignore: str, message: str) -> None:
    make(tmp_path, *there)
    with pytest.raises(ScopedImagesError) as error:
        select(tmp_path, lines, ignore)
    assert str(error.value) == message.format(root=tmp_path)


def test_include_counts_as_a_source_without_a_line(tmp_path: Path) -> None:
    make(tmp_path, "a", "b")
    sources = context_sources("FROM debian\nARG P\nCOPY $P /x/\n", include=["b*"])
    selection = select_files(tmp_path, sources, IgnoreFile())
    assert [(item.path, item.lines) for item in selection.paths] == [("b", (0,))]
    with pytest.raises(ScopedImagesError, match=r"^include source 'c' does not exist"):
        select_files(tmp_path, context_sources("FROM debian\n", include=["c"]), IgnoreFile())


def test_a_pipe_or_socket_is_refused_where_it_is_wanted_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a/b", "c")
    os.mkfifo(tmp_path / "a" / "pipe")
    monkeypatch.chdir(tmp_path)  # the path of a socket is limited to 108 bytes
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("door")
    refused = (
        "build context: {}/{} is a socket, device or pipe, which no image can hold; "
        "remove it or name it in .dockerignore"
    )
    for lines, name in [("COPY a /x", "a/pipe"), ("COPY door /x", "door"), ("COPY d* /x/", "door")]:
        with pytest.raises(ScopedImagesError) as error:
            select(tmp_path, lines)
        assert str(error.value) == refused.format(tmp_path, name)
    assert paths(select(tmp_path, "COPY a c* /x/", "a/pipe")) == ["a/", "a/b", "c"]
    assert paths(select(tmp_path, "COPY --exclude=pipe a /x/")) == ["a/", "a/b"]


def test_a_name_that_is_not_utf_8_is_refused_where_it_is_wanted(tmp_path: Path) -> None:
    make(tmp_path, "a/b")
    (tmp_path / os.fsdecode(b"a/\xff")).write_text("")
    with pytest.raises(ScopedImagesError, match=r"the name b'a/\\xff' is not UTF-8; rename it or name it in"):
        select(tmp_path, "COPY a /x")
    assert paths(select(tmp_path, "COPY a/b /x")) == ["a/", "a/b"]


# Run as an ordinary user: to root every folder is readable.
_AS_NOBODY = """
import os, sys
from pathlib import Path
from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.selection import select_files
from scoped_images.ignore_file import IgnoreFile
if os.getuid() == 0:
    os.setuid(65534)
root = Path(sys.argv[1])
sources = context_sources("FROM scratch\\n" + sys.argv[2])
ignore = IgnoreFile.parse("ignored\\n!elsewhere/x")
try:
    print([item.path for item in select_files(root, sources, ignore).paths])
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("COPY a /x", "['a', 'a/b']"),
        ("COPY a* b/? /x/", "['a', 'a/b', 'b', 'b/c']"),
        ("COPY --parents a/**/b /x/", "['a', 'a/b']"),
        ("COPY b/closed /x/", "build context: cannot list {root}/b/closed: Permission denied"),
        ("COPY . /x/", "build context: cannot list {root}/b/closed: Permission denied"),
        ("COPY --exclude=closed b /x/", "['b', 'b/c']"),
    ],
)
def test_nothing_outside_the_wanted_paths_is_listed(lines: str, expected: str) -> None:
    """Folders that may not be read stand beside the wanted ones, and one is ignored."""
    closed = ("b/closed", "closed", "ignored")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        make(root, "a/b", "b/c", *(f"{name}/" for name in closed))
        for name in closed:
            (root / name).chmod(0)
        run = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, folder, lines], capture_output=True, text=True, check=False
        )
        for name in closed:
            (root / name).chmod(0o755)
    assert run.stdout.strip() == expected.format(root=folder), run.stderr
