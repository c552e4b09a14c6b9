"""Reading and writing a context while others read and write, and as another user."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scoped_images.errors import ScopedImagesError
from tests.unit.context.followed import find, make_repository, refusal
from tests.unit.context.nobody import as_nobody, everybodys_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "root")


_WRITE_TWICE = """
context = ScopedContext.from_dockerfile(root, platform="linux/amd64")
for _ in range(2):
    context.write(root.parent / "out" / "written")
"""


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """A repository where another user may read and write, unlike in pytest's own folders."""
    with everybodys_folder() as folder:
        folder.chmod(0o777)
        root = folder / "root"
        (root / "app" / "closed").mkdir(parents=True)
        (root / "app" / "closed" / "file").write_text("x")
        (root / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
        yield root


def test_a_file_that_may_not_be_read_is_named(everybodys: Path) -> None:
    (everybodys / "app" / "closed" / "file").chmod(0)
    assert as_nobody(everybodys, _WRITE_TWICE) == (
        f"build context: cannot read {everybodys}/app/closed/file: Permission denied"
    )


def test_a_place_that_may_not_be_written_is_named(everybodys: Path) -> None:
    everybodys.parent.chmod(0o755)
    out = everybodys.parent / "out"
    assert (
        as_nobody(everybodys, _WRITE_TWICE)
        == f"build context: cannot write it to {out}/written: Permission denied"
    )


def test_read_only_folders_are_written_and_nothing_is_left_beside_them(everybodys: Path) -> None:
    """Their user is not root, and could not remove what is in them without more ado."""
    (everybodys / "app" / "closed").chmod(0o555)
    assert as_nobody(everybodys, _WRITE_TWICE) == ""
    out = everybodys.parent / "out"
    assert [path.name for path in out.iterdir()] == ["written"]


def test_a_file_that_changes_while_it_is_hashed_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its size and mtime as before."""
    file = root / "app" / "main.py"
    read = os.read

    def change_meanwhile(descriptor: int, size: int) -> bytes:
        result = read(descriptor, size)
        monkeypatch.setattr(os, "read", read)
        before = file.stat()
        with file.open("r+") as writing:
            writing.write("print(2)\n")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        return result

    monkeypatch.setattr(os, "read", change_meanwhile)
    assert refusal(root) == f"build context: {file} changed while it was read; try again"


_WRITER = """
import os, sys
while True:
    with open(sys.argv[1], "a") as stream:
        stream.write("x" * 10000)
    if os.path.getsize(sys.argv[1]) > 5e7:
        os.truncate(sys.argv[1], 0)
"""


def test_a_file_that_grows_all_the_time_is_never_written_half(root: Path) -> None:
    """A real writer: what is written is one of its states, else it is an error and nothing is there."""
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, root / "app" / "main.py"])
    outcomes: list[str] = []
    try:
        while len(outcomes) < 20 or not any(outcomes):
            outcomes.append(_try_to_write(root, root.parent / "out" / str(len(outcomes))))
    finally:
        writer.kill()
        writer.wait()
    assert {outcome for outcome in outcomes if outcome} <= {
        f"build context: {root}/app/main.py changed while it was read; try again"
    }
    names = (
        {path.name for path in (root.parent / "out").iterdir()} if (root.parent / "out").exists() else set()
    )
    assert names == {str(number) for number, outcome in enumerate(outcomes) if not outcome}


def _try_to_write(root: Path, destination: Path) -> str:
    try:
        find(root).write(destination)
    except ScopedImagesError as error:
        return str(error)
    return ""


def test_synths_at_once_write_one_whole_context(root: Path) -> None:
    for number in range(200):
        (root / "app" / f"module_{number}.py").write_text(str(number))
    program = (
        "import sys; from pathlib import Path; from scoped_images.context.scoped_context import ScopedContext; "
        "context = ScopedContext.from_dockerfile(sys.argv[1], platform='linux/amd64'); "
        "sys.stdin.read(1); context.write(Path(sys.argv[2]))"
    )
    target = root.parent / "out" / "written"
    processes = [
        subprocess.Popen([sys.executable, "-c", program, root, target], stdin=subprocess.PIPE)
        for _ in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda process: process.communicate(b"x"), processes))
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert [path.name for path in target.parent.iterdir()] == ["written"]
    assert len(list((target / "app").iterdir())) == 201
