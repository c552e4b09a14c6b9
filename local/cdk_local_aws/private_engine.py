"""Starts and stops private Docker engines, which run side by side if each has its own state folder.

Builds and containers use the host's network. There is no bridge and no firewall rule, so the machine's network does not
change.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.debian_packages import system_path
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_files import locked, private_folder
from cdk_local_aws.processes import end, processes_naming, runs, unmount_below

START_SECONDS = 60
STOP_SECONDS = 30
# A socket's path holds 107 characters (unix(7)); the longest below the run folder is containerd's own.
MAX_RUN_FOLDER = 107 - len("/exec/containerd/containerd-debug.sock.ttrpc")
LOG_LINES_SHOWN = 12


@dataclass(frozen=True)
class EngineState:
    """An engine's state folder, which is enough to stop it."""

    state: Path  # absolute

    @property
    def run_folder(self) -> Path:
        """The folder of the sockets: in the state, or below /run if the state's path is too long for a socket."""
        folder = self.state / "run"
        if len(str(folder)) <= MAX_RUN_FOLDER:
            return folder
        return Path("/run") / f"local-aws-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"

    @property
    def socket(self) -> Path:
        return self.run_folder / "docker.sock"

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    @property
    def exec_root(self) -> Path:
        return self.run_folder / "exec"

    @property
    def pid_file(self) -> Path:
        return self.run_folder / "dockerd.pid"

    @property
    def configuration_file(self) -> Path:
        return self.state / "daemon.json"

    @property
    def log(self) -> Path:
        return self.state / "dockerd.log"

    def configuration(self) -> dict[str, object]:
        """Return dockerd's configuration (https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file)."""
        return {
            "hosts": [self.host],
            "group": "root",  # of the socket; the default is the group docker, if it exists
            "data-root": str(self.state / "data"),
            "exec-root": str(self.exec_root),
            "pidfile": str(self.pid_file),
            # The docker driver needs the image store of containerd to export a registry cache.
            "features": {"containerd-snapshotter": True},
            "bridge": "none",
            "iptables": False,
            "ip6tables": False,
            "log-level": "warn",
            "shutdown-timeout": 5,
        }


@dataclass(frozen=True, kw_only=True)
class PrivateEngine(EngineState):
    """An engine with its state and its programs."""

    installed: Path  # holds usr/bin, usr/sbin, … of the unpacked packages

    @property
    def docker(self) -> Path:
        return self.installed / "usr/bin/docker"

    def search_path(self) -> str:
        """Return PATH with the engine's programs before the machine's."""
        own = [str(self.installed / "usr/bin"), str(self.installed / "usr/sbin")]
        return os.pathsep.join([*own, system_path()])

    def answers(self) -> bool:
        """Return whether the engine answers its client."""
        if not self.socket.exists():
            return False
        asked = subprocess.run(
            [self.docker, "--host", self.host, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            check=False,
        )
        return asked.returncode == 0


def start(engine: PrivateEngine) -> None:
    """Start the engine unless it runs. It outlives this process; LocalError if it does not answer."""
    with locked(engine.state):
        if engine.answers():
            return
        daemons = _daemons(engine)
        if not daemons:
            _clear_leftovers(engine)
            private_folder(engine.run_folder)
            engine.configuration_file.write_text(json.dumps(engine.configuration(), indent=2))
            daemons = [_launch(engine)]
        _wait_until_ready(engine, daemons[0])


def _launch(engine: PrivateEngine) -> int:
    with engine.log.open("wb") as log:
        # DOCKER_… variables of the user's shell name the user's own engine.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")}
        daemon = subprocess.Popen(
            [engine.installed / "usr/sbin/dockerd", "--config-file", engine.configuration_file],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**environment, "PATH": engine.search_path()},
            start_new_session=True,
        )
    return daemon.pid


def _wait_until_ready(engine: PrivateEngine, pid: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if engine.answers():
            return
        if not runs(pid):
            raise LocalError(f"the container engine stopped while it started. {_last_of_log(engine)}")
        time.sleep(0.1)
    raise LocalError(
        f"the container engine did not answer within {START_SECONDS} seconds. {_last_of_log(engine)}"
    )


def _last_of_log(engine: EngineState) -> str:
    lines = engine.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    return f"The end of {engine.log}:\n  " + "\n  ".join(lines)


def stop_engine(state: Path) -> None:
    """Stop the private engine of this state and its containers, if it runs. Images and caches stay."""
    engine = EngineState(state.resolve())
    if not engine.configuration_file.exists():
        return
    with locked(engine.state):
        end(_daemons(engine), signal.SIGTERM, seconds=STOP_SECONDS)
        _clear_leftovers(engine)


def _daemons(engine: EngineState) -> list[int]:
    return processes_naming("dockerd", str(engine.configuration_file))


def _clear_leftovers(engine: EngineState) -> None:
    """Remove what a killed dockerd leaves: containerd, the containers' shims, pid files and mounts."""
    for program in ("containerd-shim-runc-v2", "containerd"):
        end(processes_naming(program, str(engine.exec_root)), signal.SIGTERM, seconds=5)
    for folder in (engine.run_folder, engine.state):
        unmount_below(folder)
    for file in (engine.pid_file, engine.exec_root / "containerd/containerd.pid"):
        file.unlink(missing_ok=True)
