"""Sources that change while they are copied."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from scoped_images.context.file import ContextFile, Kind
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from tests.unit.context.copied import context_of, listing


def test_a_file_that_changed_since_it_was_hashed_is_an_error_and_leaves_nothing(root: Path) -> None:
    context = context_of(root)
    main = root / "app" / "main.py"
    for content in ("print(2)\n", "", "print(1)\nand more\n"):
        main.write_text(content)
        assert refusal(context) == f"build context: {main} changed while it was read; try again"


def test_a_mode_that_changed_since_the_file_was_hashed_is_an_error(root: Path) -> None:
    context = context_of(root)
    (root / "app" / "main.py").chmod(0o755)
    assert refusal(context) == f"build context: {root}/app/main.py changed while it was read; try again"


def test_a_file_that_disappeared_is_an_error_and_leaves_nothing(root: Path) -> None:
    context = context_of(root)
    (root / "app" / "main.py").unlink()
    assert refusal(context) == f"build context: cannot read {root}/app/main.py: No such file or directory"


def refusal(context: ScopedContext) -> str:
    out = context.root.parent / "out"
    with pytest.raises(ScopedImagesError) as caught:
        context.write_into(out)
    assert not out.exists() or list(out.iterdir()) == []
    return str(caught.value)


def swap_for_pipe(path: Path) -> None:
    os.mkfifo(path)


def swap_for_link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def swap_for_endless_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def swap_for_folder(path: Path) -> None:
    path.mkdir()


def swap_for_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        descriptor = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{descriptor}/{path.name}")
        os.close(descriptor)


SWAPS = [swap_for_pipe, swap_for_link, swap_for_endless_device, swap_for_folder, swap_for_socket]


@pytest.mark.parametrize("swap", SWAPS)
def test_what_was_put_in_place_of_a_source_is_not_read(swap: Callable[[Path], None], root: Path) -> None:
    context, main = context_of(root), root / "app" / "main.py"
    main.unlink()
    swap(main)
    assert refusal(context) == f"build context: {main} changed while it was read; try again"


@pytest.mark.parametrize("swap", SWAPS)
def test_what_was_put_in_place_of_a_file_between_its_listing_and_its_reading_is_not_read(
    swap: Callable[[Path], None], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, opened = root / "app" / "main.py", os.open

    def swapped_first(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == main.name:
            monkeypatch.setattr(os, "open", opened)
            main.unlink()
            swap(main)
        return opened(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", swapped_first)
    with pytest.raises(ScopedImagesError) as caught:
        context_of(root)
    assert str(caught.value).startswith(f"build context: {main} changed while it was read; try again")


def test_a_source_folder_that_became_a_link_is_not_read(root: Path) -> None:
    context = context_of(root)
    (root / "app").rename(root.parent / "moved")
    (root / "app").symlink_to("../moved")
    assert refusal(context) == f"build context: {root}/app/deep/data changed while it was read; try again"


@pytest.mark.parametrize("kind", [Kind.LINK, Kind.FILE])
def test_a_file_below_a_link_or_file_is_refused(kind: Kind, root: Path) -> None:
    files = (ContextFile(path="a", kind=kind, link="/etc"), ContextFile(path="a/b/passwd", kind=Kind.FILE))
    assert refusal(dataclasses.replace(context_of(root), files=files)) == (
        f"build context: 'a/b/passwd' is below the {kind} 'a', which has no files"
    )


def test_nothing_is_written_through_a_link_that_is_swapped_in(root: Path) -> None:
    """An attacker exchanges the folder that is being filled for a link to another, as often as it can."""
    for number in range(300):
        (root / "app" / f"file-{number}").write_text("overwritten")
    victim, out, link = root.parent / "victim", root.parent / "out", root.parent / "link"
    victim.mkdir()
    (victim / "file-1").write_text("mine")
    out.mkdir()
    link.symlink_to(victim)
    context, stop = context_of(root), threading.Event()

    def exchange() -> None:
        libc, here, exchanged = ctypes.CDLL(None), -100, 2
        while not stop.is_set():
            for folder in out.glob(".*/app"):
                libc.renameat2(here, bytes(folder), here, bytes(link), exchanged)

    attacker = threading.Thread(target=exchange)
    attacker.start()
    try:
        for _ in range(5):
            try:
                context.write_into(out)
            except ScopedImagesError:
                continue
            for written in out.glob("scoped-context-*"):
                shutil.rmtree(written)
    finally:
        stop.set()
        attacker.join()
    assert listing(victim) == {"file-1": ("-", 0o644, "mine")}
