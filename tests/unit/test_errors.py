"""What a user sees of a mistake that nothing catches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from tests.refusals import refused

APP = """\
from helper import contexts

def main():
    contexts()

main()
"""
HELPER = """\
from scoped_images.context.scoped_context import ScopedContext

def contexts():
    {statement}
"""
MESSAGE = "error: build context: directory 'nothing' does not exist or is not a folder\n"


def run(
    folder: Path, statement: str, *, within: str = ".", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run an app whose module helper.py has the mistake."""
    (folder / "app.py").write_text(APP)
    (folder / "helper.py").write_text(HELPER.format(statement=statement))
    return subprocess.run(
        [sys.executable, str(folder / "app.py")],
        cwd=folder / within,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_mistake_is_one_line_with_its_place_in_the_app(tmp_path: Path) -> None:
    done = run(tmp_path, "ScopedContext.of('nothing')")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"helper.py:4: {MESSAGE}")


def test_the_place_has_a_whole_path_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    done = run(tmp_path, "ScopedContext.of('nothing')", within="below")
    assert done.stderr == f"{tmp_path / 'helper.py'}:4: {MESSAGE}"


def test_the_place_is_named_when_the_current_folder_is_gone(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    gone = "import os; os.rmdir(os.getcwd()); from scoped_images.errors import ScopedImagesError as E; raise E('x')"
    done = run(tmp_path, gone, within="below")
    assert done.stderr == f"{tmp_path / 'helper.py'}:4: error: x\n"


@pytest.mark.parametrize(
    ("statement", "printed"),
    [
        ("error = E('x'); error.add_note('in stack Api'); raise error", "error: x\nin stack Api\n"),
        (
            "raise E('x: Is a directory') from OSError(21, 'Is a directory', 'x')",
            "error: x: Is a directory\n",
        ),
        (
            "raise E('x') from OSError(21, 'Is a directory')",
            "error: x\ncaused by IsADirectoryError: [Errno 21] Is a directory\n",
        ),
        ("raise E('x') from KeyError('name')", "error: x\ncaused by KeyError: 'name'\n"),
    ],
)
def test_the_notes_and_the_cause_of_an_error_follow_it(statement: str, printed: str, tmp_path: Path) -> None:
    done = run(tmp_path, f"from scoped_images.errors import ScopedImagesError as E; {statement}")
    assert done.stderr == f"helper.py:4: {printed}"


def test_without_stderr_nothing_is_printed(tmp_path: Path) -> None:
    """Python fails in its hook there, and prints that to where stderr was first."""
    done = run(tmp_path, "import sys; sys.stderr = None; ScopedContext.of('nothing')")
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("statement", "variables", "last"),
    [
        ("1 / 0", {}, "ZeroDivisionError: division by zero\n"),
        (
            "ScopedContext.of('nothing')",
            {"CDK_DEBUG": "true"},
            f"scoped_images.errors.ScopedImagesError: {MESSAGE[7:]}",
        ),
    ],
)
def test_other_errors_and_debugging_have_python_s_traceback(
    statement: str, variables: dict[str, str], last: str, tmp_path: Path
) -> None:
    done = run(tmp_path, statement, **variables)
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.endswith(last)


def test_another_hook_stays(tmp_path: Path) -> None:
    """Such as that of a debugger or of an error tracker."""
    hook = "import sys; sys.excepthook = lambda *given: print(given[0].__name__); ScopedContext.of('nothing')"
    done = run(tmp_path, hook)
    assert (done.stdout, done.stderr) == ("ScopedImagesError\n", "")


def test_a_long_path_is_cut_and_named_once() -> None:
    with refused(f"build context: cannot read '{'x' * 199}…{'x' * 78}': File name too long"):
        ScopedContext.of("x" * 5000)


def test_a_path_that_is_not_so_long_stays_whole() -> None:
    folder = "/".join(["folder"] * 40)
    assert str(ScopedImagesError(f"cannot read {folder}")) == f"cannot read {folder}"
