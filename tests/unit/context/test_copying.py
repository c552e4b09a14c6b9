"""Written contexts: one set of modes, nothing taken on trust, nothing written or read through a link."""

from __future__ import annotations

import os
import py_compile
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scoped_images.context import copying
from scoped_images.context.temporary_folder import temporary_name
from tests.refusals import refused
from tests.unit.context.copied import context_of, listing


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_one_fingerprint_has_one_set_of_modes(mask: int, root: Path, umask: Callable[[int], int]) -> None:
    expected = listing(context_of(root).write_into(root.parent / "first"))
    name = context_of(root).fingerprint
    umask(mask)
    for path, mode in {"app": 0o2775, "app/deep": 0o700, "app/main.py": 0o666, "app/run.sh": 0o4711}.items():
        (root / path).chmod(mode)
    written = context_of(root).write_into(root.parent / "second")
    assert written.name == f"scoped-context-{name}"
    assert listing(written) == expected
    assert {mode for kind, mode, _ in expected.values() if kind != "l"} == {0o644, 0o755}
    assert stat.S_IMODE(written.stat().st_mode) == 0o755


def test_bytecode_that_was_compiled_before_is_up_to_date_in_the_copy(root: Path) -> None:
    """Python compares the source's mtime with the one in the .pyc: here only the .pyc prints `compiled`."""
    source = root / "app" / "main.py"
    source.write_text("print('compiled')")
    # Beside the source, whatever PYTHONPYCACHEPREFIX says.
    py_compile.compile(
        str(source), cfile=str(source.parent / "__pycache__" / f"main.{sys.implementation.cache_tag}.pyc")
    )
    before = source.stat()
    source.write_text("print('sourcetx')")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    written = context_of(root).write_into(root.parent / "out")
    ran = subprocess.run(
        [sys.executable, "-c", "import main"],
        cwd=written / "app",
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "compiled\n"


@pytest.mark.parametrize("there", ["file in it", "file", "link"])
def test_a_folder_of_the_user_is_never_replaced(there: str, root: Path) -> None:
    out = root.parent / "out"
    if there == "file in it":
        out.mkdir()
        (out / "mine").touch()
    elif there == "file":
        out.touch()
    else:
        out.symlink_to("root")
    with refused(f"build context: {out} has other content; remove it, or give a new folder"):
        context_of(root).write(out)
    assert os.path.lexists(out)


def test_what_killed_runs_have_left_is_removed_and_what_another_run_is_writing_stays(root: Path) -> None:
    out = root.parent / "out"
    left, running = (out / temporary_name() for _ in range(2))
    for folder in (left, running):
        (folder / "app").mkdir(parents=True)
    os.utime(left, (0, time.time() - 3660))
    written = context_of(root).write_into(out)
    assert set(out.iterdir()) == {written, running}


def test_a_folder_that_holds_the_context_is_not_written_again(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "above" / "out"
    context_of(root).write(out)
    before = (out.stat().st_ino, out.parent.stat().st_mtime_ns)
    context_of(root).write(out)
    assert (out.stat().st_ino, out.parent.stat().st_mtime_ns) == before


def test_of_two_that_write_one_new_folder_at_once_both_succeed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, out, write = context_of(root), tmp_path / "out", copying._write

    def write_after_another(*given: Any) -> None:
        monkeypatch.setattr(copying, "_write", write)
        context.write(out)
        write(*given)

    monkeypatch.setattr(copying, "_write", write_after_another)
    context.write(out)
    assert (out / "app" / "main.py").read_text() == "print(1)\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Dockerfile", "out", "root"]


def test_an_empty_folder_of_the_user_is_filled(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    context_of(root).write(tmp_path / "out")
    assert (tmp_path / "out" / "app" / "main.py").read_text() == "print(1)\n"


def test_a_folder_that_another_process_removes_meanwhile_is_written(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(root)
    folder = context.write_into(tmp_path / "out")
    (folder / "more").touch()

    def remove_first() -> str:
        shutil.rmtree(folder)
        return temporary_name()

    monkeypatch.setattr(copying, "temporary_name", remove_first)
    assert context.write_into(tmp_path / "out") == folder
    assert "app/main.py" in listing(folder)
    assert "more" not in listing(folder)


def test_a_folder_that_cannot_be_made_is_named(root: Path, tmp_path: Path) -> None:
    with refused(f"build context: cannot write it to {tmp_path}/Dockerfile/out: File exists"):
        context_of(root).write(tmp_path / "Dockerfile" / "out")
