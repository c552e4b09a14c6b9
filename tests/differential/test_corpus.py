"""Packages of every layout and build backend answer in a base as after `pip install` in a plain environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.build_secrets import pip_secrets
from cdk_local_aws.engine import Engine
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON, docker
from scoped_images.bases.derived_base import PUBLIC_IMAGE, DerivedBase
from scoped_images.bases.package_options import PackageOptions
from scoped_images.bases.reach import Reach
from scoped_images.workspace.target import Target
from scoped_images.workspace.workspace import Workspace
from tests.differential.corpus_layouts import LAYOUTS, PROBE, SHARED, VERSION, Layout
from tests.unit.workspace.repository import write

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]


def repository(root: Path, layouts: Mapping[str, Layout]) -> Path:
    """Write the layouts as a git repository with a tag, and what a laptop has beside."""
    for name, layout in layouts.items():
        write(root / name, layout.files)
    write(root, {**SHARED, ".gitignore": "_version.py\n"})
    git = ("git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "all"), ("tag", f"v{VERSION}")):
        subprocess.run([*git, *command], check=True)
    return root


def base_of(root: Path, names: Iterable[str], layouts: Mapping[str, Layout]) -> DerivedBase:
    """One base with these packages."""
    workspace = Workspace.read(root)
    packages = tuple(workspace.packages[name] for name in names)
    return DerivedBase(
        name=packages[0].name,
        packages=packages,
        reach=Reach(workspace, packages, Target("3.13")),
        options=tuple(
            PackageOptions(
                name=name,
                version=VERSION if layouts[name].from_git else None,
                build_packages=layouts[name].build_packages,
                system_packages=layouts[name].system_packages,
            )
            for name in names
        ),
    )


def build(base: DerivedBase, folder: Path, engine: Engine, *, tag: str, image: str = PUBLIC_IMAGE) -> None:
    """Build the image of a base."""
    context = base.context()
    context.write(folder / "context")
    source = context.named["source"].write_into(folder)
    docker(
        engine,
        "build",
        *("--network=host", f"--tag={tag}", f"--build-context=source={source}"),
        *(f"--build-arg={name}={image}" for name in ("PUBLIC_IMAGE", "BASE_IMAGE_URI")),
        *pip_secrets(folder),
        str(folder / "context"),
        seconds=600,
    )


def asked(layouts: Mapping[str, Layout]) -> str:
    return json.dumps({name: (each.imports, each.scripts, each.data) for name, each in layouts.items()})


def in_image(engine: Engine, tag: str, layouts: Mapping[str, Layout]) -> Any:
    """What an image answers."""
    command = ("run", "--rm", "--network=none", "--user=1000", "--entrypoint=python3", tag)
    return json.loads(docker(engine, *command, "-c", PROBE, asked(layouts)))


def in_plain_environment(folder: Path, root: Path, layouts: Mapping[str, Layout]) -> Any:
    """What a virtual environment answers after `pip install`."""
    environment, uv = folder / "venv", str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", str(environment)], check=True)
    python = environment / "bin/python"
    folders = [str(root / name) for name in layouts]
    # uv builds as pip does, several at once.
    subprocess.run([uv, "pip", "install", "-q", "--no-deps", "--python", str(python), *folders], check=True)
    done = subprocess.run(
        [str(python), "-c", PROBE, asked(layouts)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{environment}/bin:{os.environ['PATH']}"},
    )
    return json.loads(done.stdout)


def test_every_layout_answers_as_after_pip_install(engine: Engine, tmp_path: Path) -> None:
    ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
    root = repository(tmp_path / "repository", LAYOUTS)
    base = base_of(root, LAYOUTS, LAYOUTS)
    before = base.context().fingerprint
    build(base, tmp_path / "build", engine, tag="corpus:all", image=LAMBDA_PYTHON.image)
    # It leaves build/, *.egg-info and generated files in the repository.
    plain = in_plain_environment(tmp_path, root, LAYOUTS)
    assert in_image(engine, "corpus:all", LAYOUTS) == plain
    assert {answer["version"] for answer in plain.values()} == {VERSION}
    assert base_of(root, LAYOUTS, LAYOUTS).context().fingerprint == before
