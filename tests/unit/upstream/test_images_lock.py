"""The lock file is read strictly and written for review."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scoped_images import ScopedImagesError
from scoped_images.upstream.lock import ImagesLock

OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def test_is_written_sorted_one_image_a_line(tmp_path: Path) -> None:
    path = tmp_path / "dockerfiles" / "images.lock"
    ImagesLock(images={"python:3.13": OLD, "a.example/b:1": NEW}).write(path)
    assert path.read_text() == (
        f'{{\n  "images": {{\n    "a.example/b:1": "{NEW}",\n    "python:3.13": "{OLD}"\n  }}\n}}\n'
    )
    assert ImagesLock.read(path).images == {"a.example/b:1": NEW, "python:3.13": OLD}


def test_a_new_file_can_be_read_by_others_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "images.lock"
    ImagesLock().write(path)
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o664)
    ImagesLock(images={"a:1": OLD}).write(path)
    assert path.stat().st_mode & 0o777 == 0o664


def test_a_write_that_fails_does_not_change_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "images.lock"
    ImagesLock(images={"a:1": OLD}).write(path)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(ScopedImagesError, match=r"cannot write .*images.lock: No space left on device"):
        ImagesLock(images={"a:1": NEW}).write(path)
    assert ImagesLock.read(path).images == {"a:1": OLD}
    assert os.listdir(tmp_path) == ["images.lock"]  # noqa: PTH208 - hidden files too


def test_a_missing_file_pins_nothing(tmp_path: Path) -> None:
    assert ImagesLock.read(tmp_path / "images.lock") == ImagesLock()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "<<<<<<< HEAD",
            "{path}: not valid JSON: Expecting value: line 1 column 1 (char 0); fix it, or take one side",
        ),
        ("[]", "{path}: must hold a JSON object, got list"),
        ("{}", "{path}: must have one key, 'images', with digests by image, got no key"),
        (
            '{"images": {"a": 1, "a": 2}}',
            "{path}: not valid JSON: 'a' occurs twice; fix it, or take one side of the merge",
        ),
        (
            f'{{"images": {{"docker.io/a:1": "{OLD}"}}}}',
            "{path}: images: the name is not in its short form, got 'docker.io/a:1'; write 'a:1'",
        ),
        (
            '{"images": {"a:1": "latest"}}',
            "{path}: images['a:1']: must be 'sha256:' and 64 hex digits, got 'latest'; run "
            "scoped-images bases update",
        ),
        (
            f'{{"images": {{"a@{OLD}": "{OLD}"}}}}',
            f"{{path}}: images: the name is already pinned by its digest, got 'a@{OLD}'; remove the entry",
        ),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "images.lock"
    path.write_text(text)
    with pytest.raises(ScopedImagesError) as raised:
        ImagesLock.read(path)
    assert str(raised.value).startswith(problem.format(path=path))
