"""Refresh marks by environment and base."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.bases.refresh_marks import RefreshMarks
from tests.refusals import refused

OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def test_without_a_file_no_base_is_marked(tmp_path: Path) -> None:
    assert RefreshMarks.read(tmp_path / "bases.lock").of("dev", "receipt-dynamo") is None


def test_marks_are_written_sorted_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "dockerfiles" / "bases.lock"
    marks = RefreshMarks().having("prod", "b", OLD).having("dev", "b", OLD).having("dev", "a", NEW)
    marks.write(path)
    assert path.read_text() == (
        f'{{\n  "dev": {{\n    "a": "{NEW}",\n    "b": "{OLD}"\n  }},\n  "prod": {{\n    "b": "{OLD}"\n  }}\n}}\n'
    )
    read = RefreshMarks.read(path)
    assert [read.of("dev", "a"), read.of("dev", "b"), read.of("prod", "a")] == [NEW, OLD, None]


def test_setting_one_mark_leaves_the_others() -> None:
    marks = RefreshMarks(marks={"dev": {"a": OLD, "b": OLD}, "prod": {"a": OLD}}).having("dev", "a", NEW)
    assert marks.marks == {"dev": {"a": NEW, "b": OLD}, "prod": {"a": OLD}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '{"dev": "x"}',
            "{path}: marks['dev']: must be an object of digests by base image, got 'x'; restore an earlier version of "
            "the file",
        ),
        (
            '{"dev": {"a": "x"}}',
            "{path}: marks['dev']['a']: must be 'sha256:' and 64 hex digits, got 'x'; remove the mark, and run "
            "scoped-images bases refresh a --env dev",
        ),
        ("[]", "{path}: must hold a JSON object, got list"),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "bases.lock"
    path.write_text(text)
    with refused(problem.format(path=path)):
        RefreshMarks.read(path)
