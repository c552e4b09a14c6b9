"""`scoped-images engine` predicts what the builds of real engines do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shutil import rmtree

import pytest

from cdk_local_aws import private_engine
from cdk_local_aws.client_config import write_client_config
from cdk_local_aws.engine import Engine, Machine
from cdk_local_aws.private_engine import PrivateEngine, stop_engine
from cdk_local_aws.private_install import PLUGINS
from tests.local.places import INSTALLED

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not Machine.here().takes_private_engine(), reason="needs Debian and root"),
]
PROGRAM = Path(sys.executable).with_name("scoped-images")
EXPORT = ["--cache-to", "type=registry,ref=127.0.0.1:9/image:cache,ignore-error=true"]


class GraphDriverEngine(PrivateEngine):
    """An engine that stores images as Docker did before the containerd store."""

    def configuration(self) -> dict[str, object]:
        return {**super().configuration(), "features": {"containerd-snapshotter": False}}


@pytest.fixture(scope="module")
def without_store(engine: Engine) -> Iterator[dict[str, str]]:
    """The variables with which docker finds an engine without the containerd store."""
    state = Path(tempfile.mkdtemp(prefix="engine-"))
    started = GraphDriverEngine(installed=INSTALLED / "root", state=state)
    private_engine.start(started)
    write_client_config(state / "client", plugin_folders=[started.installed / PLUGINS])
    yield {**engine.environment(), "DOCKER_HOST": started.host, "DOCKER_CONFIG": str(state / "client")}
    stop_engine(state)
    rmtree(state)


def run(
    command: Sequence[str | Path], variables: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **variables}, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    return tmp_path


def test_an_engine_with_the_containerd_store_needs_no_options(engine: Engine, folder: Path) -> None:
    checked = run([PROGRAM, "engine", "--cdk-options"], engine.environment(), folder)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "\n", "")


def test_an_engine_without_the_store_builds_with_the_options_and_not_without(
    without_store: Mapping[str, str], folder: Path
) -> None:
    checked = run([PROGRAM, "engine", "--cdk-options"], without_store, folder)
    assert (checked.returncode, checked.stdout) == (0, "-c scoped-images:cache-export=false\n")
    assert checked.stderr.startswith(
        "warning: builder 'default': it cannot export registry caches, got driver"
    )
    exporting = run(["docker", "build", "--tag", "one", *EXPORT, "."], without_store, folder)
    assert "Cache export is not supported for the docker driver" in exporting.stderr
    assert run(["docker", "inspect", "one"], without_store, folder).returncode == 1
    assert run(["docker", "build", "--tag", "one", "."], without_store, folder).returncode == 0
    assert run(["docker", "inspect", "one"], without_store, folder).returncode == 0


def test_a_builder_of_buildx_is_refused_unless_it_loads_images(engine: Engine, folder: Path) -> None:
    variables = engine.environment()
    create = ["docker", "buildx", "create", "--driver", "docker-container", "--name"]
    for name, options in (("keeps", []), ("loads", ["--driver-opt", "default-load=true"])):
        assert run([*create, name, *options], variables, folder).returncode == 0
    keeps = run([PROGRAM, "engine"], {**variables, "BUILDX_BUILDER": "keeps"}, folder)
    loads = run([PROGRAM, "engine"], {**variables, "BUILDX_BUILDER": "loads"}, folder)
    assert (keeps.returncode, loads.returncode) == (2, 0)
    assert keeps.stderr.startswith("scoped-images: builder 'keeps': it keeps images to itself, ")
    assert loads.stdout.endswith("builder 'loads', driver 'docker-container', exports registry caches\n")


def test_the_builder_that_buildx_use_chose_is_not_what_docker_build_uses(
    engine: Engine, folder: Path
) -> None:
    variables = engine.environment()
    run(["docker", "buildx", "create", "--name", "chosen", "--driver", "docker-container"], variables, folder)
    assert run(["docker", "buildx", "use", "chosen"], variables, folder).returncode == 0
    checked = run([PROGRAM, "engine"], variables, folder)
    run(["docker", "buildx", "use", "default"], variables, folder)
    assert "; builder 'default', driver 'docker', " in checked.stdout


def test_an_unknown_builder_is_refused_by_name(engine: Engine, folder: Path) -> None:
    checked = run([PROGRAM, "engine"], {**engine.environment(), "BUILDX_BUILDER": "nowhere"}, folder)
    assert checked.stderr.startswith(
        "scoped-images: BUILDX_BUILDER: there is no such builder, got 'nowhere'; "
    )


def test_an_engine_that_does_not_run_is_refused(engine: Engine, folder: Path) -> None:
    checked = run([PROGRAM, "engine"], {**engine.environment(), "DOCKER_HOST": "tcp://127.0.0.1:9"}, folder)
    assert checked.stderr.startswith(
        "scoped-images: docker: its engine does not answer, got 'Cannot connect to the Docker daemon at tcp://127.0.0.1:9."
    )
