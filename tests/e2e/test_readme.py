"""The commands of the receipts app's page and of the contributors', as written, in a clone.

`.ci/run` has installed what they need into this checkout, with the same Makefile, so the clone uses that.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_local_aws.engine import Engine
from cdk_local_aws.processes import processes_naming
from tests.e2e.places import ROOT, bring_stand_ins
from tests.free_port import free_port

pytestmark = pytest.mark.e2e


# `.ci/run` itself runs these.
RUN_BY_CI = ("make lint", "make test-fast")


def command_blocks(language: str) -> list[str]:
    """The pages' fenced blocks of one language."""
    pages = ("receipts-app.md", "contributing.md")
    text = "\n".join((ROOT / "docs" / page).read_text() for page in pages)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def port() -> int:
    """The port of the clone's emulated AWS."""
    return free_port()


@pytest.fixture(scope="module")
def clone(engine: Engine, tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Path]:
    """A clone of what is committed, cleaned up by its own command."""
    folder = tmp_path_factory.mktemp("clone") / "cdk-scoped-images"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    use_installed(folder)
    bring_stand_ins(folder / ".local")
    yield folder
    cleaned = ["make", "clean"]
    done = subprocess.run(cleaned, cwd=folder, env=environment(port), check=False, capture_output=True)
    assert (done.returncode, processes_naming("dockerd", str(folder))) == (0, []), done.stderr
    assert not (folder / ".local").exists()


def use_installed(clone: Path) -> None:
    """Let a clone use the virtual environment and the CDK CLI of this checkout."""
    for folder in (".venv", ".local/cdk"):
        (clone / folder).mkdir(parents=True)
        for each in (ROOT / folder).iterdir():
            if each.name != ".installed":
                (clone / folder / each.name).symlink_to(each)
    # make installs what is older than its sources.
    (clone / ".venv/.installed").touch()
    os.utime(clone / ".venv/.installed", (1, 1))
    for pattern in ("requirements*.txt", "**/pyproject.toml", "scripts/**/package-lock.json"):
        for source in clone.glob(pattern):
            os.utime(source, (0, 0))


def environment(port: int) -> dict[str, str]:
    """A user's own shell: without the variables of make and of the virtual environment that runs the tests."""
    ours = (str(ROOT), "MAKE", "MFLAGS", "VIRTUAL_ENV", "CDK_", "PYTHONDONTWRITEBYTECODE")
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if str(ROOT) not in part)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    engine = ROOT / ".local/engine/installed"
    return {**kept, "PATH": path, "LOCAL_AWS_PORT": str(port), "LOCAL_AWS_ENGINE": str(engine)}


def test_every_command_works_as_written(clone: Path, port: int) -> None:
    commands = [line for block in command_blocks("bash") for line in block.splitlines() if line.strip()]
    assert {"make deploy", "make try", "make destroy", "make lint", "make test-fast"} <= set(commands)
    variables, printed = environment(port), {}
    for command in filter(lambda command: command not in RUN_BY_CI, commands):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=clone,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        printed[command] = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{printed[command][-5000:]}"
    assert '"GRAND_TOTAL"' in printed["make try"]
    assert "Try it: make try" in printed["make deploy"]
    assert "only pretends" in printed["make deploy"]


def test_synth_works_without_make_as_written(tmp_path: Path) -> None:
    """The `pip install` and `cdk synth` of the page; diff and deploy need an account. uv installs in place of pip."""
    (block,) = [block for block in command_blocks("sh") if "pip install" in block]
    commands = [line for line in block.splitlines() if line.startswith(("pip install", "cdk synth"))]
    assert commands == [
        "pip install -r requirements.txt",
        "pip install --no-deps --no-build-isolation -e .",
        "cdk synth -c env=dev",
    ]
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    uv = ROOT / ".venv/bin/uv"
    script = "\n".join(
        [f'pip() {{ {uv} pip "$@"; }}', f"{uv} venv --quiet env", ". env/bin/activate", *commands]
    )
    variables = environment(0)
    variables["PATH"] = f"{variables['PATH']}{os.pathsep}{ROOT / '.local/cdk/node_modules/.bin'}"
    done = subprocess.run(
        ["bash", "-ec", script], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "cdk.out" / "receipts-dev-functions.assets.json").exists()
