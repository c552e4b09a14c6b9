"""Fresh emulated AWS environments, and copies of this project to deploy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_local_aws.__main__ import say
from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.engine import Engine
from cdk_local_aws.environment import (
    LocalEnvironment,
    ensure_bootstrapped,
    ensure_emulator,
    is_bootstrapped,
    stop_emulator,
)
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON
from tests.e2e.deployment import Deployment
from tests.e2e.places import APPS, ROOT, NewDeployment
from tests.free_port import free_port


@pytest.fixture(scope="session")
def engine(engine: Engine) -> Engine:
    """The engine, with the public base images. Never the user's own, because these tests empty its image store."""
    assert engine.private, "these tests need Debian and root"
    ensure_base_images(engine, state=ROOT / ".local" / "base-images", say=say)
    return engine


def copy_project(destination: Path) -> None:
    """Copy what git knows or would add; not what is built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, destination / name, follow_symlinks=False)


@pytest.fixture(scope="session")
def bootstrapped(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of an emulated AWS in which nothing is but CDK's bootstrap stack."""
    env = LocalEnvironment(state=tmp_path_factory.mktemp("bootstrapped"), port=free_port())
    ensure_emulator(env, engine, say)
    ensure_bootstrapped(env, engine, cdk=["cdk"], say=say)
    stop_emulator(env)
    return env.state


@pytest.fixture(scope="module")
def new_deployment(
    engine: Engine, bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewDeployment]:
    """Make an empty AWS, an empty image store, and a copy of an app, which nothing is deployed of yet.

    app: a folder of `apps`; by default the project itself. environment: of its cdk.json, by default `local`.
    One at a time: the next one ends the one before.
    """
    started: list[Deployment] = []

    def make(app: str | None = None, environment: str = "local") -> Deployment:
        end()
        folder = tmp_path_factory.mktemp("deployment")
        # Without the sockets of what ran there.
        sockets = shutil.ignore_patterns("*.sock")
        shutil.copytree(bootstrapped, folder / "aws", symlinks=True, ignore=sockets)
        env = LocalEnvironment(
            state=folder / "aws",
            port=free_port(),
            # Also where it is the public image itself: a test patches it, and no registry has that.
            stand_ins=(LAMBDA_PYTHON.image,),
        )
        ensure_emulator(env, engine, say)
        project = folder / "project"
        if app is None:
            copy_project(project)
        else:
            shutil.copytree(APPS / app, project)
        deployment = Deployment(project=project, env=env, engine=engine, environment=environment)
        started.append(deployment)
        assert is_bootstrapped(env)
        deployment.empty_engine()
        return deployment

    def end() -> None:
        while started:
            deployment = started.pop()
            stop_emulator(deployment.env)
            deployment.remove_containers()

    yield make
    end()


@pytest.fixture(autouse=True, scope="session")
def _cdk_on_path() -> None:
    if shutil.which("cdk") is None:
        sys.exit("cdk is not on the path: run the tests with make test")
