"""An error names the path that cannot be selected; other folders are not read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from scoped_images.errors import ScopedImagesError
from tests.refusals import refused
from tests.unit.context.nobody import as_nobody, everybodys_folder
from tests.unit.context.selecting import make, paths, select

# (sentence, what there is, Dockerfile lines, ignore file, message, {root} being the context)
ERRORS = [
    (
        "nothing there",
        "b",
        "COPY a /x",
        "",
        "Dockerfile:2: COPY source 'a' does not exist: there is no {root}/a",
    ),
    (
        "a file where a folder is meant",
        "a",
        "COPY a/b /x",
        "",
        "Dockerfile:2: COPY source 'a/b' does not exist: there is no {root}/a/b",
    ),
    (
        "ignored",
        "a/b",
        "COPY a/b /x",
        "x\na/",
        "Dockerfile:2: COPY source 'a/b' is left out by .dockerignore:2: a/",
    ),
    (
        "a wildcard in a folder that is not there",
        "b",
        "COPY a/* /x/",
        "",
        "Dockerfile:2: COPY source 'a/*' does not exist: there is no {root}/a",
    ),
    (
        "a wildcard in a folder from which nothing is selected",
        "a/b",
        "COPY a/*.md /x/",
        "",
        "Dockerfile:2: COPY source 'a/*.md' matches nothing",
    ),
    (
        "a malformed wildcard",
        "a",
        "COPY a[ /x/",
        "",
        "Dockerfile:2: COPY source 'a[' is malformed: the pattern 'a[' has a [class] without end",
    ),
    (
        "parents of nothing in a folder of which nothing is selected",
        "a/b",
        "COPY --parents a/./c /x/",
        "",
        "Dockerfile:2: COPY source 'a/./c' matches nothing",
    ),
    (
        "a mount of nothing",
        "a",
        "RUN --mount=source=b,target=/x true",
        "",
        "Dockerfile:2: RUN --mount source 'b' does not exist: there is no {root}/b",
    ),
    (
        "a link out of the root",
        "l->../../etc/passwd",
        "COPY l /x",
        "",
        "Dockerfile:2: COPY source 'l' goes through the link 'l' to '../../etc/passwd', which leads out of the build "
        "context or to nothing in it: there is no 'etc/passwd' in the context",
    ),
    (
        "a link to itself",
        "a/l->../a/l",
        "COPY a/l /x",
        "",
        "build context: the link {root}/a/l leads back to itself",
    ),
    (
        "a file that BuildKit would send empty",
        "a/b",
        "COPY . /x",
        "a\n!a/b\na",
        "build context: BuildKit would copy 'a/b' without its content, because .dockerignore:3: a comes again after "
        "an exception; remove one of the two lines",
    ),
]


@pytest.mark.parametrize(
    ("there", "lines", "ignore", "message"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS]
)
def test_refuses(tmp_path: Path, there: str, lines: str, ignore: str, message: str) -> None:
    make(tmp_path, there)
    with refused(message.format(root=tmp_path)):
        select(tmp_path, lines, ignore)


def test_a_pipe_or_socket_is_refused_as_a_source_and_left_out_of_a_folder_or_wildcard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a/b c drawer")
    os.mkfifo(tmp_path / "a" / "pipe")
    monkeypatch.chdir(tmp_path)  # the path of a socket is limited to 108 bytes
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("door")
    with refused(
        f"build context: {tmp_path}/door is a socket, pipe or device; copy a file, or a folder in which it is left out"
    ):
        select(tmp_path, "COPY door /x")
    for lines, taken, special in [
        ("COPY a /x", "a/ a/b", "a/pipe"),
        ("COPY a/* /x/", "a/ a/b", "a/pipe"),
        ("COPY d* /x/", "drawer", "door"),
    ]:
        selection = select(tmp_path, lines)
        assert paths(tmp_path, selection) == taken
        assert selection.warnings == (
            f"{special} is a socket, pipe or device and is left out; name it in the ignore file",
        )
    for lines, ignore in [("COPY a c* /x/", "a/pipe"), ("COPY --exclude=pipe a /x/", "")]:
        assert select(tmp_path, lines, ignore).warnings == ()


def test_a_selected_name_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, "a/b")
    (tmp_path / os.fsdecode(b"a/\xff")).write_text("")
    with pytest.raises(ScopedImagesError, match=r"the name b'a/\\xff' is not UTF-8; rename it or name it in"):
        select(tmp_path, "COPY a /x")
    assert paths(tmp_path, select(tmp_path, "COPY a/b /x")) == "a/ a/b"


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
def test_only_selected_folders_are_listed(lines: str, expected: str) -> None:
    """Folders that may not be read are beside the selected ones, and one is ignored."""
    closed = ("b/closed", "closed", "ignored")
    with everybodys_folder() as root:
        make(root, "a/b b/c b/closed/ closed/ ignored/")
        for name in closed:
            (root / name).chmod(0)
        printed = as_nobody(root, f"print(list(select(root, {lines!r}, 'ignored\\n!elsewhere/x').lines))")
        for name in closed:
            (root / name).chmod(0o755)
    assert printed == expected.format(root=root)
