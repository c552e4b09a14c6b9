"""Nothing that a path can name makes a context hang or end in a traceback."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scoped_images.context.copied_tree import copied_tree
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from tests.refusals import refused
from tests.unit.context.nobody import as_nobody, everybodys_folder
from tests.unit.context.ways import WAYS, Way, found_by, of, whole

DOCKERFILE = "FROM scratch\nCOPY . /\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "what"), [("Dockerfile", "Dockerfile"), (".dockerignore", "ignore file")])
def test_a_pipe_or_device_is_not_read_as_a_text(way: Way, name: str, what: str, root: Path) -> None:
    path = root / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    expected = f"build context: {what} {path} is a pipe, socket or device; give a file"
    with refused(expected):
        way(root)
    path.unlink()
    path.symlink_to("/dev/zero")
    linked = (
        f"dockerfile: {path} is a link to /dev/zero, which is outside of {root}; pass that file as dockerfile=, or "
        "replace the link with a copy"
    )
    with refused(linked if name == "Dockerfile" else expected):
        way(root)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "what"), [("Dockerfile", "Dockerfile"), (".dockerignore", "ignore file")])
def test_a_huge_text_is_not_read(way: Way, name: str, what: str, root: Path) -> None:
    with (root / name).open("wb") as sparse:
        sparse.truncate(1 << 40)
    with refused(
        f"build context: {what} {root / name} has more than 1000000 bytes, the limit; make it smaller"
    ):
        way(root)


@pytest.mark.parametrize("way", WAYS)
def test_a_thousand_folders_in_each_other_are_an_error(way: Way, root: Path) -> None:
    (root / "app").mkdir()
    deepest = os.open(root / "app", os.O_RDONLY)
    for _ in range(1000):
        os.mkdir("d", dir_fd=deepest)
        below = os.open("d", os.O_RDONLY, dir_fd=deepest)
        os.close(deepest)
        deepest = below
    os.close(deepest)
    try:
        with refused(
            f"build context: {root}/app has folders more than 200 deep; leave them out with the ignore file"
        ):
            way(root)
    finally:
        # pytest's own removal is recursive.
        subprocess.run(["rm", "-rf", root / "app"], check=True)


@pytest.mark.parametrize("way", WAYS)
def test_two_hundred_folders_in_each_other_are_taken(way: Way, root: Path) -> None:
    deep = root.joinpath(*["d"] * 199)
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep")
    way(root).write(root.parent / f"{root.name}-out")


def test_a_sparse_file_of_a_terabyte_is_an_error_before_it_is_read(root: Path) -> None:
    with (root / "disk.img").open("wb") as sparse:
        sparse.truncate(10**12)
    with pytest.raises(ScopedImagesError) as caught:
        whole(root)
    assert str(caught.value).splitlines() == [
        "build context of Dockerfile is 1000.0 GB, and max_bytes is 20.0 GB: leave files out with "
        "Dockerfile.dockerignore, or raise max_bytes. The largest files:",
        "  1000.0 GB  disk.img",
        "       22 B  Dockerfile",
    ]


@pytest.mark.parametrize(
    ("directory", "options", "message"),
    [
        (None, {}, "directory: must be str or Path, got None; use the path of a folder"),
        ("{root}", {"dockerfile": 1}, "dockerfile: must be str or Path, got int 1; use a path"),
        (
            "{root}",
            {"dockerfile": "a\0"},
            "dockerfile: must be a path, got '{root}/a\\x00'; leave out the NUL",
        ),
        ("a\0", {}, "build context: cannot read 'a\\x00': embedded null byte"),
    ],
)
def test_an_argument_that_is_not_a_path_is_an_error(
    directory: Any, options: dict[str, Any], message: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    given = directory and directory.format(root=root)
    with refused(message.format(root=root)):
        ScopedContext.of(given, **options)


def test_a_root_that_vanishes_while_it_is_read_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(*given: Any) -> Any:
        yield from copied_tree(*given)
        root.rename(f"{root}-gone")

    monkeypatch.setattr("scoped_images.context.selection.copied_tree", vanish)
    with refused(f"build context: cannot read {root}: No such file or directory"):
        of(root)


def test_a_link_that_vanishes_while_it_is_followed_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "link").symlink_to("Dockerfile")
    (root / "Dockerfile").write_text("FROM scratch\nCOPY link /\n")
    read = os.readlink

    def vanish(path: Path) -> str:
        path.unlink()
        return read(path)

    monkeypatch.setattr(os, "readlink", vanish)
    with refused(f"build context: cannot read {root}/link: No such file or directory"):
        found_by(root)


_EVERY_WAY = """
for way in WAYS:
    try:
        way(root)
    except ValueError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("mode", "refused"),
    [(0o444, "cannot read|cannot look at"), (0o000, "cannot list"), (0o333, "cannot list")],
)
def test_a_folder_that_may_not_be_listed_or_searched_is_an_error(mode: int, refused: str) -> None:
    with everybodys_folder() as root:
        (root / "Dockerfile").write_text(DOCKERFILE)
        (root / "closed").mkdir()
        (root / "closed" / "file").write_text("x")
        (root / "closed").chmod(mode)
        lines = as_nobody(root, _EVERY_WAY).splitlines()
        (root / "closed").chmod(0o755)
    message = re.compile(rf"build context: ({refused}) {root}/closed(/file)?: Permission denied")
    assert [message.fullmatch(line) is not None for line in lines] == [True] * len(WAYS), lines
