"""The wheel holds all that an app of somebody else needs, and nothing of this repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import scoped_images
from tests.bare_environment import bare_environment
from tests.package.installation import install_wheel

ROOT = Path(__file__).parents[2]
FOREIGN_APP = Path(__file__).with_name("foreign_app")


@pytest.fixture(scope="module")
def clean_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_wheel(wheel, tmp_path_factory.mktemp("clean") / "venv")


def run(
    command: list[str], *, clean_environment: Path, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={
            **bare_environment(**variables),
            "PATH": os.pathsep.join([str(clean_environment / "bin"), os.environ["PATH"]]),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def assembly(clean_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the CDK CLI synthesizes of the foreign app, in a folder of its own."""
    folder = tmp_path_factory.mktemp("somebody-else") / "app"
    shutil.copytree(FOREIGN_APP, folder)
    if shutil.which("cdk") is None:
        pytest.fail("cdk is not on the path; run the tests with make test-fast")
    done = run(
        ["cdk", "synth", "--quiet"],
        clean_environment=clean_environment,
        folder=folder,
        CDK_VALIDATION="false",
    )
    assert done.returncode == 0, done.stderr
    assert "the library's own error: " in done.stdout + done.stderr
    return folder / "cdk.out"


def test_the_foreign_app_uses_every_public_name() -> None:
    source = (FOREIGN_APP / "app.py").read_text()
    assert [name for name in scoped_images.__all__ if len(re.findall(rf"\b{name}\b", source)) < 2] == []


def test_the_library_comes_from_the_wheel(clean_environment: Path, tmp_path: Path) -> None:
    done = run(
        ["python", "-c", "import scoped_images; print(scoped_images.__file__)"],
        clean_environment=clean_environment,
        folder=tmp_path,
    )
    assert Path(done.stdout.strip()).is_relative_to(clean_environment), done.stdout + done.stderr


def test_the_locked_versions_are_what_the_wheel_asks_for(clean_environment: Path, tmp_path: Path) -> None:
    python = str(clean_environment / "bin" / "python")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cdk-scoped-images" not in done.stdout, done.stdout


def test_the_cdk_cli_synthesizes_the_foreign_app(assembly: Path) -> None:
    stacks = {path.name.removesuffix(".template.json") for path in assembly.glob("*.template.json")}
    assert stacks >= {"Repositories", "BaseShared", "Functions", "Builder", "Pruner"}
    assert {"derived-base-by-hand", "derived-base-shared", "declared-base-other"} <= stacks


def test_the_wheel_holds_the_handlers_and_the_dockerfile_of_derived_bases(assembly: Path) -> None:
    handlers = {path.read_bytes() for path in assembly.glob("asset.*/index.py")}
    library = ROOT / "constructs" / "scoped_images"
    shipped = {
        path.parent.name: path.read_bytes() in handlers for path in library.glob("functions/*/index.py")
    }
    assert shipped == {"pruner": True, "registry": True, "remote_builds": True}
    images = json.loads((assembly / "derived-base-shared.assets.json").read_text())["dockerImages"]
    (image,) = images.values()
    dockerfile = assembly / image["source"]["directory"] / image["source"].get("dockerFile", "Dockerfile")
    first_line, _, _ = (library / "bases" / "base.Dockerfile").read_text().partition("\n")
    assert dockerfile.read_text().startswith(f"{first_line}\n")


def test_the_command_is_installed(clean_environment: Path, tmp_path: Path) -> None:
    """It decides without CDK, so it starts no Node process."""
    done = run(
        [str(clean_environment / "bin" / "scoped-images"), "context", "--help"],
        clean_environment=clean_environment,
        folder=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
