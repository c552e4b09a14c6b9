"""A private engine's configuration, files and processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cdk_local_aws.client_config import write_client_config
from cdk_local_aws.private_engine import EngineState, stop_engine
from cdk_local_aws.private_files import locked
from cdk_local_aws.processes import end, processes_naming, runs


def test_the_engine_can_export_a_cache_and_does_not_change_the_machines_network(tmp_path: Path) -> None:
    configuration = EngineState(tmp_path).configuration()
    assert configuration["features"] == {"containerd-snapshotter": True}
    network = [configuration[key] for key in ("bridge", "iptables", "ip6tables")]
    assert network == ["none", False, False]


def test_everything_that_the_engine_writes_is_in_its_state(tmp_path: Path) -> None:
    state = Path("/srv/p/.local/engine")
    configuration = EngineState(state).configuration()
    for key in ("data-root", "exec-root", "pidfile"):
        assert Path(str(configuration[key])).is_relative_to(state)
    assert configuration["hosts"] == ["unix:///srv/p/.local/engine/run/docker.sock"]


def test_a_path_too_long_for_a_socket_moves_the_sockets_to_run() -> None:
    state = Path("/srv") / ("x" * 90)
    folder = EngineState(state).run_folder
    assert folder.parent == Path("/run")
    assert folder.name.startswith("local-aws-")
    assert folder != EngineState(state / "other").run_folder
    assert EngineState(state).configuration()["data-root"] == f"{state}/data"


def test_stopping_an_engine_that_never_ran_does_nothing(tmp_path: Path) -> None:
    stop_engine(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_one_at_a_time_has_the_lock(tmp_path: Path) -> None:
    inside: list[str] = []

    def second() -> None:
        with locked(tmp_path):
            inside.append("second")

    with locked(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.2)
        inside.append("first")
    waiting.join()
    assert inside == ["first", "second"]


def test_logins_are_kept_when_the_clients_configuration_is_written_again(tmp_path: Path) -> None:
    write_client_config(tmp_path, plugin_folders=[Path("/a")])
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "auths": {"127.0.0.1:4599": {}}}))
    write_client_config(tmp_path, plugin_folders=[Path("/b")])
    assert json.loads(file.read_text()) == {
        "cliPluginsExtraDirs": ["/b"],
        "auths": {"127.0.0.1:4599": {}},
    }


@pytest.fixture
def stubborn(tmp_path: Path) -> subprocess.Popen[bytes]:
    """A process that ignores SIGTERM, with a unique path in its arguments."""
    code = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, f"{tmp_path}/mark"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_only_the_program_that_names_the_path_is_found(
    stubborn: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    name = Path(sys.executable).name
    assert processes_naming(name, str(tmp_path)) == [stubborn.pid]
    assert processes_naming(name, f"{tmp_path}/another") == []
    assert processes_naming("dockerd", str(tmp_path)) == []
    stubborn.kill()
    stubborn.wait()


def test_a_process_that_ignores_the_signal_is_killed(stubborn: subprocess.Popen[bytes]) -> None:
    end([stubborn.pid], signal.SIGTERM, seconds=0.2)
    assert not runs(stubborn.pid)
