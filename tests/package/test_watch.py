"""`cdk watch` observes what `scoped-images watch` writes into cdk.json, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("scoped-images")
APP = """\
import aws_cdk as cdk
from scoped_images import ScopedImage
from parts import names

app = cdk.App()
ScopedImage.from_dockerfile(cdk.Stack(app, names.STACK), "Image", ROOT, "services/api/Dockerfile")
app.synth()
"""
FILES = {
    "parts/names.py": 'STACK = "Watched"\n',
    "services/api/Dockerfile": "FROM scratch\nCOPY services/api/src /app\nCOPY lock.txt /\n",
    "services/api/src/main.py": "main\n",
    "services/other/main.py": "other\n",
    "lock.txt": "lock\n",
    "notes.md": "notes\n",
}


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CDK_VALIDATION": "false",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )


def make_app(root: Path, app: Path, path_of_root: str, **settings: object) -> None:
    for name, text in FILES.items():
        place = app / name if name.startswith("parts") else root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (app / "app.py").write_text(APP.replace("ROOT", repr(path_of_root)))
    (app / "cdk.json").write_text(json.dumps({"app": "python app.py", **settings}))


def synthesize(folder: Path) -> None:
    """Do what `cdk synth` does, without its own start."""
    variables = {**environment(folder), "CDK_OUTDIR": "cdk.out"}
    subprocess.run([sys.executable, "app.py"], cwd=folder, env=variables, check=True)


def observed(folder: Path) -> set[str]:
    """The files that `cdk watch` names before its first deploy, at which it is stopped."""
    command = ["cdk", "watch", "--no-notices"]
    found = set()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as watching:
        give_up = threading.Timer(120, watching.kill)
        give_up.start()
        assert watching.stdout is not None
        for line in watching.stdout:
            found.update(re.findall(r"'watch' is observing the file '(.*)' for changes", line))
            if "Triggering initial" in line:
                break
        watching.kill()
        give_up.cancel()
    return found


def test_cdk_watch_observes_the_app_and_the_files_of_its_images(tmp_path: Path) -> None:
    make_app(
        tmp_path, tmp_path, ".", watch={"include": ["**"], "exclude": ["*.tmp"]}, context={"b": 1, "a": 2}
    )
    (tmp_path / "parts" / "__pycache__").mkdir()
    (tmp_path / "parts" / "__pycache__" / "names.cpython-313.pyc").touch()
    synthesize(tmp_path)
    written = run(tmp_path, PROGRAM, "watch", "--write")
    assert (written.returncode, written.stdout, written.stderr) == (
        0,
        "cdk.json: watch.include has 5 patterns\n",
        "",
    )
    settings = json.loads((tmp_path / "cdk.json").read_text())
    assert settings["watch"] == {
        "include": ["cdk.json", "app.py", "lock.txt", "parts/**", "services/api/**"],
        "exclude": ["*.tmp", "**/__pycache__/**"],
    }
    assert list(settings["context"]) == ["b", "a"]
    assert observed(tmp_path) == {
        "cdk.json",
        "app.py",
        "lock.txt",
        "parts/names.py",
        "services/api/Dockerfile",
        "services/api/src/main.py",
    }


def test_files_that_cdk_watch_cannot_observe_are_a_warning(tmp_path: Path) -> None:
    app = tmp_path / "infra"
    make_app(tmp_path, app, "..")
    synthesize(app)
    printed = run(app, PROGRAM, "watch")
    assert json.loads(printed.stdout) == {
        "watch": {"include": ["cdk.json", "app.py", "parts/**"], "exclude": ["**/__pycache__/**"]}
    }
    assert printed.stderr == (
        "warning: cdk watch observes only the folder of cdk.json, got '../**'; move cdk.json to a folder above both, and "
        'adapt its "app"\n'
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["watch"],
            "ASSEMBLY: it holds no images of this library, got 'cdk.out'; run cdk synth, or give the folder that it "
            "writes",
        ),
        (
            ["watch", "out", "--write"],
            "cdk.json: not found, got '{folder}'; run this in the folder of cdk.json",
        ),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], error: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "scoped-images-watch.json").write_text('{"include": []}')
    done = run(tmp_path, PROGRAM, *arguments)
    assert (done.returncode, done.stderr) == (2, f"scoped-images: {error.format(folder=tmp_path)}\n")
