"""Each layout of the corpus in an image of its own, what is compiled on a plain Python image, and large requirements."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.debian_packages import machine_mirror
from cdk_local_aws.engine import Engine
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON, StandIn, docker, make_debian_tar
from tests.differential.corpus_layouts import COMPILED, LAYOUTS, Layout
from tests.differential.test_corpus import (
    base_of,
    build,
    in_image,
    in_plain_environment,
    repository,
)
from tests.unit.workspace.repository import project

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[3]
PLAIN = "plain-python:3.13"
USES_ITS_REQUIREMENTS = """
import importlib.metadata, json
import fastapi, pandas, psycopg, pydantic

class Receipt(pydantic.BaseModel):
    total: int

app = fastapi.FastAPI()
app.get("/")(lambda: Receipt(total=1))
assert app.openapi()["paths"].keys() == {"/"}
assert pandas.DataFrame({"total": [1, 2]}).total.sum() == 3
assert psycopg.pq.__impl__ == "binary"
print(json.dumps({each.name: each.version for each in importlib.metadata.distributions(path=["/var/task"])}))
"""


@pytest.fixture(scope="module")
def plain_image(engine: Engine) -> str:
    """Debian's Python, with apt and without a compiler: an image that is not Lambda's."""
    packages = ("python3", "python3-pip", "apt", "ca-certificates")
    debian = StandIn(image=PLAIN, recipe=ROOT, suite="trixie", packages=packages, made_of="Debian")
    with tempfile.TemporaryDirectory() as folder:
        make_debian_tar(debian, Path(folder, "debian.tar"))
        Path(folder, "sources.list").write_text(f"deb {machine_mirror()} {debian.suite} main\n")
        Path(folder, "Dockerfile").write_text(
            "FROM scratch\nADD debian.tar /\nCOPY sources.list /etc/apt/sources.list\n"
        )
        docker(engine, "build", f"--tag={PLAIN}", folder)
    return PLAIN


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_answers_as_after_pip_install(engine: Engine, tmp_path: Path, name: str) -> None:
    ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
    root = repository(tmp_path / "repository", LAYOUTS)
    one = {name: LAYOUTS[name]}
    build(
        base_of(root, one, one), tmp_path / "build", engine, tag=f"corpus:{name}", image=LAMBDA_PYTHON.image
    )
    assert in_image(engine, f"corpus:{name}", one) == in_plain_environment(tmp_path, root, one)


def test_what_is_compiled_needs_its_system_packages_on_a_plain_python_image(
    engine: Engine, tmp_path: Path, plain_image: str
) -> None:
    layouts = {**COMPILED, "setuptools-src": LAYOUTS["setuptools-src"]}
    root = repository(tmp_path / "repository", layouts)
    build(
        base_of(root, layouts, layouts), tmp_path / "build", engine, tag="corpus:compiled", image=plain_image
    )
    found = in_image(engine, "corpus:compiled", layouts)
    for name, module in (("c-extension", "fast/_fast"), ("cmake-extension", "cmake_extension/_fast")):
        (extension,) = [file for file in found[name]["files"] if file.endswith(".so")]
        assert extension.startswith(f"{module}.cpython-313-")
    scripts = {name: answer["scripts"] for name, answer in found.items() if answer["scripts"]}
    assert scripts == {
        "rust-program": {"rust-program": "rust-program runs\n"},
        "setuptools-src": {"st-src": "st-src runs\n"},
    }
    installed = docker(
        engine, "run", "--rm", "--entrypoint=dpkg-query", "corpus:compiled", "-Wf", "${Package}\n"
    )
    assert {"libyaml-0-2", "gcc", "cargo", "libyaml-dev"} & set(installed.split()) == {"libyaml-0-2"}


def test_large_requirements_are_installed_in_the_locked_versions(engine: Engine, tmp_path: Path) -> None:
    ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
    files = {"pyproject.toml": project("reports", ["fastapi", "pandas", "psycopg[binary]", "pydantic"])}
    layouts = {"reports": Layout(files={**files, "src/reports/__init__.py": ""}, imports=("reports",))}
    root = repository(tmp_path / "repository", layouts)
    compile_ = (str(Path(sys.executable).with_name("uv")), "pip", "compile", "-q", "--generate-hashes")
    subprocess.run(
        [*compile_, "--python-version=3.13", "-o", "requirements.lock", "pyproject.toml"],
        cwd=root / "reports",
        check=True,
    )
    base = base_of(root, layouts, layouts)
    assert base.requirements.hashed
    build(base, tmp_path / "build", engine, tag="corpus:large", image=LAMBDA_PYTHON.image)
    command = ("run", "--rm", "--network=none", "--entrypoint=python3", "corpus:large", "-c")
    installed = json.loads(docker(engine, *command, USES_ITS_REQUIREMENTS))
    pinned = {line.name: line.version for line in base.requirements.lines if line.version}
    assert pinned.keys() >= {"fastapi", "pandas", "psycopg-binary", "pydantic-core"}
    assert {name.lower().replace("_", "-"): version for name, version in installed.items()} == {
        **pinned,
        "reports": "0.1.0",
    }
