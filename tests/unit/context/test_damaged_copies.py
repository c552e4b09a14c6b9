"""A copy that is not what its name says is written again."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.unit.context.copied import context_of, listing

# What a shell does in the folder, whose path is $COPY.
DAMAGES = {
    "nothing in it": 'rm -r "$COPY" && mkdir "$COPY"',
    "a link to another folder": 'mv "$COPY" ../../elsewhere && ln -s ../elsewhere "$COPY"',
    "an empty file": 'rm -r "$COPY" && touch "$COPY"',
    "other bytes of one size": "echo 'print(2)' > app/main.py",
    "a file cut short": ": > app/main.py",
    "another Dockerfile": "sed -i s/COPY/Copy/ Dockerfile",
    "another link": "ln -sf run.sh app/link",
    "another mode": "chmod 755 app/main.py",
    "a closed folder": "chmod 700 app",
    "a closed root": "chmod 700 .",
    "one file more": "touch app/deep/more",
    "one file less": "rm app/deep/data",
    "a link to a folder in it": "mv app ../app && ln -s ../app app",
    "a hard link to the source": "ln -f ../../root/app/main.py app/main.py",
    "a pipe in place of an empty file": "rm app/empty && mkfifo -m 644 app/empty",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_folder_that_is_not_what_its_name_says_is_written_again(
    damage: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "app" / "empty").touch()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folder = context_of(root).write_into(root.parent / "out")
    whole = listing(folder)
    subprocess.run(["sh", "-c", damage], cwd=folder, env={**os.environ, "COPY": str(folder)}, check=True)
    assert context_of(root).write_into(root.parent / "out") == folder
    assert not folder.is_symlink()
    assert listing(folder) == whole
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert {path.stat().st_nlink for path in folder.rglob("*") if path.is_file()} == {1}
    left = [*(root.parent / "out").glob(".*"), *(tmp_path / "here").iterdir()]
    assert left == []
