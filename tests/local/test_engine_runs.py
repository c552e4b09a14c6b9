"""A private engine starts once, stops clean, and recovers."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree

import pytest

from cdk_local_aws.engine import Engine, Machine, ensure_engine, ensure_private_engine
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_engine import EngineState, stop_engine
from cdk_local_aws.processes import processes_naming
from cdk_local_aws.stand_in_images import docker
from tests.local.places import INSTALLED

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not Machine.here().takes_private_engine(), reason="needs Debian and root"),
]


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    """The state of a second engine, which an earlier test may have started."""
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    yield folder
    stop_engine(folder)
    rmtree(folder)


def ensure(state: Path) -> Engine:
    return ensure_private_engine(state=state, installed=INSTALLED, say=print)


def build(engine: Engine, tag: str) -> None:
    with tempfile.TemporaryDirectory() as context:
        Path(context, "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
        docker(engine, "build", f"--tag={tag}", context)


def daemon(state: Path) -> list[int]:
    return processes_naming("dockerd", str(state))


def test_starting_at_once_from_several_sides_makes_one_engine(state: Path) -> None:
    stop_engine(state)
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(lambda _: ensure(state), range(4)))
    assert len(daemon(state)) == 1
    assert set(map(repr, engines)) == {repr(engines[0])}


def test_two_engines_run_side_by_side_with_their_own_stores(engine: Engine, state: Path) -> None:
    other = ensure(state)
    build(other, "only-in-the-other")
    assert "only-in-the-other" in docker(other, "images")
    assert "only-in-the-other" not in docker(engine, "images")


def test_stopping_ends_every_process_and_mount_and_keeps_the_images(state: Path) -> None:
    build(ensure(state), "kept")
    stop_engine(state)
    stop_engine(state)
    assert daemon(state) == []
    assert processes_naming("containerd", str(state)) == []
    assert str(state) not in Path("/proc/self/mountinfo").read_text()
    assert "kept" in docker(ensure(state), "images")


def test_a_docker_that_the_user_has_is_used_without_touching_its_configuration(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """The private engine acts as the user's own."""
    for name, value in engine.environment().items():
        monkeypatch.setenv(name, value)
    before = (engine.config / "config.json").read_bytes()

    own = ensure_engine(state=tmp_path / "state", installed=tmp_path / "installed", say=said.append)

    assert (own.private, own.host, own.docker) == (False, engine.host, engine.docker)
    assert said == []
    assert not (tmp_path / "installed").exists()
    assert own.environment()["DOCKER_CONFIG"] == f"{tmp_path}/state/client"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    docker(own, "build", f"--cache-to=type=local,dest={tmp_path}/cache", str(tmp_path))
    assert (tmp_path / "cache/index.json").exists()
    assert (engine.config / "config.json").read_bytes() == before


def test_an_engine_that_was_killed_starts_again(state: Path) -> None:
    """A killed engine leaves its process id file and containerd."""
    ensure(state)
    (process,) = daemon(state)
    os.kill(process, signal.SIGKILL)
    assert EngineState(state).pid_file.exists()
    docker(ensure(state), "version")
    assert daemon(state) not in ([], [process])


def test_an_engine_that_cannot_start_shows_the_end_of_its_log() -> None:
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        Path(folder, "data").write_text("a file where the engine needs a folder")
        with pytest.raises(LocalError) as raised:
            ensure(Path(folder))
    assert "the container engine stopped while it started. The end of " in str(raised.value)
    assert f"{folder}/data" in str(raised.value).partition("\n")[2]
