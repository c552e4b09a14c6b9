"""A copy that is not what its name says is written again."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.context.copied import context_of, listing


def nothing(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir(mode=0o755)


def link_to_another_folder(folder: Path) -> None:
    folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to("../elsewhere")


def empty_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


def other_bytes_of_one_size(folder: Path) -> None:
    (folder / "app" / "main.py").write_text("print(2)\n")


def cut_short(folder: Path) -> None:
    (folder / "app" / "main.py").write_text("")


def other_dockerfile(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . \\\n")


def other_link(folder: Path) -> None:
    (folder / "app" / "link").unlink()
    (folder / "app" / "link").symlink_to("run.sh")


def other_mode(folder: Path) -> None:
    (folder / "app" / "main.py").chmod(0o755)


def closed_folder(folder: Path) -> None:
    (folder / "app").chmod(0o700)


def closed_root(folder: Path) -> None:
    folder.chmod(0o700)


def one_file_more(folder: Path) -> None:
    (folder / "app" / "deep" / "more").touch()


def one_file_less(folder: Path) -> None:
    (folder / "app" / "deep" / "data").unlink()


def link_to_a_folder_in_it(folder: Path) -> None:
    (folder / "app").rename(folder.parent / "app")
    (folder / "app").symlink_to("../app")


def hard_link_to_the_source(folder: Path) -> None:
    (folder / "app" / "main.py").unlink()
    (folder / "app" / "main.py").hardlink_to(folder.parent.parent / "root" / "app" / "main.py")


def pipe_in_place_of_an_empty_file(folder: Path) -> None:
    (folder / "app" / "empty").unlink()
    os.mkfifo(folder / "app" / "empty")
    (folder / "app" / "empty").chmod(0o644)


DAMAGES = [
    nothing,
    link_to_another_folder,
    empty_file,
    other_bytes_of_one_size,
    cut_short,
    other_dockerfile,
    other_link,
    other_mode,
    closed_folder,
    closed_root,
    one_file_more,
    one_file_less,
    link_to_a_folder_in_it,
    hard_link_to_the_source,
    pipe_in_place_of_an_empty_file,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_is_not_what_its_name_says_is_written_again(
    damage: Callable[[Path], None], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "app" / "empty").touch()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folder = context_of(root).write_into(root.parent / "out")
    whole = listing(folder)
    damage(folder)
    assert context_of(root).write_into(root.parent / "out") == folder
    assert not folder.is_symlink()
    assert listing(folder) == whole
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert {path.stat().st_nlink for path in folder.rglob("*") if path.is_file()} == {1}
    left = [*(root.parent / "out").glob(".*"), *(tmp_path / "here").iterdir()]
    assert left == []
