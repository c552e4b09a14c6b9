"""A scoped context holds one folder, exactly, and its fingerprint tells every change that a build can see."""

from __future__ import annotations

import dataclasses
import os
import socket
from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package folder with a Dockerfile that lives elsewhere."""
    package = tmp_path / "package"
    (package / "src").mkdir(parents=True)
    (package / "src" / "code.py").write_text("print(1)\n")
    (package / "run.sh").write_text("#!/bin/sh\n")
    (package / "link").symlink_to("src/code.py")
    (package / "empty").mkdir()
    dockerfiles = tmp_path / "dockerfiles"
    dockerfiles.mkdir()
    (dockerfiles / "package.Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return package


def context_of(folder: Path) -> ScopedContext:
    return ScopedContext.of(folder, dockerfile=folder.parent / "dockerfiles" / "package.Dockerfile")


def paths(context: ScopedContext) -> list[str]:
    return [file.path for file in context.files]


def written(context: ScopedContext, destination: Path) -> list[str]:
    context.write(destination)
    return sorted(str(path.relative_to(destination)) for path in destination.rglob("*"))


def test_takes_the_whole_folder_with_empty_folders_and_links(folder: Path) -> None:
    assert paths(context_of(folder)) == ["empty", "link", "run.sh", "src", "src/code.py"]


def test_the_dockerfiles_own_ignore_file_wins(folder: Path) -> None:
    (folder / ".dockerignore").write_text("src\n")
    (folder.parent / "dockerfiles" / "package.Dockerfile.dockerignore").write_text("run.sh\n")
    assert paths(context_of(folder)) == [".dockerignore", "empty", "link", "src", "src/code.py"]


def test_writes_the_files_and_the_dockerfile(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert written(context_of(folder), out) == [
        "Dockerfile",
        "Dockerfile.dockerignore",
        "empty",
        "link",
        "run.sh",
        "src",
        "src/code.py",
    ]
    assert (out / "Dockerfile").read_text() == "FROM scratch\nCOPY . /\n"
    assert (out / "src" / "code.py").read_text() == "print(1)\n"
    assert (out / "link").readlink() == Path("src/code.py")


def test_what_is_added_to_the_files_is_out_of_reach_of_copy(folder: Path, tmp_path: Path) -> None:
    context_of(folder).write(tmp_path / "out")
    ignored = (tmp_path / "out" / "Dockerfile.dockerignore").read_text()
    assert ignored == "/Dockerfile\n/Dockerfile.dockerignore\n"


def test_no_file_of_the_context_is_replaced_by_what_is_added(folder: Path, tmp_path: Path) -> None:
    for name in ("Dockerfile", "Dockerfile.scoped-images"):
        (folder / name).write_text(f"{name}: mine")
    context = context_of(folder)
    context.write(tmp_path / "out")
    assert context.written_dockerfile == "Dockerfile.scoped-images1"
    assert (tmp_path / "out" / "Dockerfile.scoped-images").read_text() == "Dockerfile.scoped-images: mine"


def test_the_fingerprint_covers_the_dockerfile(folder: Path) -> None:
    before = context_of(folder).fingerprint
    (folder.parent / "dockerfiles" / "package.Dockerfile").write_text("FROM scratch\nCOPY src /\n")
    assert context_of(folder).fingerprint != before


def test_sockets_and_pipes_are_left_out_with_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BuildKit builds too: it makes an empty file of a socket, and a pipe of a pipe."""
    before = context_of(folder)
    os.mkfifo(folder / "src" / "pipe")
    monkeypatch.chdir(folder)  # a socket's path is 107 bytes at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
        context = context_of(folder)
    assert context.fingerprint == before.fingerprint
    assert context.warnings == (
        "sock is a socket, pipe or device and is left out; name it in the ignore file",
        "src/pipe is a socket, pipe or device and is left out; name it in the ignore file",
    )


def test_a_name_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9")).touch()
    with pytest.raises(ScopedImagesError, match=r"the name b'caf\\xe9' is not UTF-8"):
        context_of(folder)


def test_files_are_sorted_by_the_bytes_of_their_paths(tmp_path: Path) -> None:
    """Upper case before lower case, whatever the locale and whatever order the file system lists them in."""
    for name in ("b", "C", "a", "A", "B", "é", "Z", "c"):
        (tmp_path / name).write_text("")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    expected = ["A", "B", "C", "Dockerfile", "Z", "a", "b", "c", "é"]
    assert [file.path for file in ScopedContext.of(tmp_path).files] == expected
    scoped = ScopedContext.from_dockerfile(tmp_path, platform="linux/amd64")
    assert [file.path for file in scoped.files] == expected
    # No two paths are equal to the sort, so the order that they come in does not count.
    turned = dataclasses.replace(scoped, files=scoped.files[::-1])
    assert turned.fingerprint == scoped.fingerprint


def test_the_case_of_a_path_counts_in_the_fingerprint(tmp_path: Path) -> None:
    """Also of two files that differ only by case and change places."""
    fingerprints = set()
    for number, (upper, lower) in enumerate([("one", "two"), ("two", "one"), ("one", None), (None, "one")]):
        root = tmp_path / str(number)
        root.mkdir()
        for name, content in (("File", upper), ("file", lower)):
            if content:
                (root / name).write_text(content)
        (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
        fingerprints.add(ScopedContext.of(root).fingerprint)
    assert len(fingerprints) == 4
