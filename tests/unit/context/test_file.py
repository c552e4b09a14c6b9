"""What is read of one entry of a context, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scoped_images.context.file import ContextFile, Kind, hash_bytes
from scoped_images.context.folder_handles import FolderHandles
from tests.refusals import refused


def read(root: Path, path: str) -> ContextFile:
    with FolderHandles(root) as folders:
        return ContextFile.read(folders, path, sources=(3, 7))


def test_an_entry_of_each_kind_keeps_the_lines_that_ask_for_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")
    entries = [read(tmp_path, name) for name in ("folder", "file", "link")]
    assert [entry.kind for entry in entries] == [Kind.DIRECTORY, Kind.FILE, Kind.LINK]
    assert {entry.sources for entry in entries} == {(3, 7)}


def test_an_entry_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with refused(f"build context: cannot read {tmp_path}/missing: No such file or directory"):
        read(tmp_path, "missing")


def test_a_pipe_in_place_of_an_entry_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with refused(f"build context: {tmp_path}/pipe changed while it was read; try again"):
        read(tmp_path, "pipe")


@pytest.mark.parametrize("size", [3, 5])
def test_a_file_of_another_size_has_no_hash(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_text("four")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        assert hash_bytes(descriptor, size) is None
    finally:
        os.close(descriptor)
