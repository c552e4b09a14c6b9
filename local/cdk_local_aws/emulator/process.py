"""Starts, finds and stops the emulator's process."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.settings import EmulatorSettings
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_files import locked, private_folder, write_private

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 30
PORT_SECONDS = 3


@dataclass(frozen=True)
class Running:
    """The process that the record file names."""

    pid: int
    fingerprint: str


def ensure_running(settings: EmulatorSettings, engine: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Start the emulator unless one with these settings answers. Several processes may call this at once."""
    with locked(private_folder(settings.folder)):
        expected = fingerprint(settings, engine)
        running = find(settings)
        if running is not None and running.fingerprint == expected and answers(settings):
            return
        if running is not None:
            say("the local AWS was started with other settings: starting it again")
            end(settings, running)
        environment = settings.process_environment(
            os.environ, engine, search_path=Path(sys.executable).parent, secret=Keys.new(settings).secret
        )
        start(settings, environment, expected, say)


def stop(settings: EmulatorSettings) -> None:
    """Stop the emulator, if it runs, and keep its state."""
    with locked(private_folder(settings.folder)):
        running = find(settings)
        if running is not None:
            end(settings, running)


def start(
    settings: EmulatorSettings, environment: Mapping[str, str], expected: str, say: Callable[[str], None]
) -> None:
    """Start the process and wait until it answers; raise LocalError if it does not."""
    if port_stays_taken(settings.port):
        raise LocalError(
            f"port {settings.port} on 127.0.0.1 is in use by another program, and the local AWS needs it. "
            "Stop that program, or choose another port."
        )
    say(f"starting the local AWS (ministack {version('ministack')}) on {settings.endpoint}")
    command = [sys.executable, "-m", "cdk_local_aws.emulator", str(settings.state), str(settings.port)]
    with os.fdopen(os.open(settings.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        process = subprocess.Popen(
            [*command, settings.account, settings.region],
            cwd=PROJECT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # it outlives this process, and `end` finds its workers by their group
        )
    write_private(record(settings), json.dumps(asdict(Running(pid=process.pid, fingerprint=expected))))
    deadline = time.monotonic() + START_SECONDS
    while not answers(settings):
        if process.poll() is not None or time.monotonic() > deadline:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            record(settings).unlink(missing_ok=True)
            last = settings.log.read_text(errors="replace").splitlines()[-15:]
            raise LocalError("\n".join([f"the local AWS did not start; end of {settings.log}:", *last]))
        time.sleep(0.1)


def end(settings: EmulatorSettings, running: Running) -> None:
    """Stop the process, which saves its state, then kill the rest of its process group."""
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while is_ours(running.pid) and time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(running.pid, os.WNOHANG)  # it may be a child of this very process
            time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    record(settings).unlink(missing_ok=True)


def find(settings: EmulatorSettings) -> Running | None:
    """Return the process that the record file names, or None if it has ended."""
    try:
        running = Running(**json.loads(record(settings).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return running if is_ours(running.pid) else None


def is_ours(pid: int) -> bool:
    """Return whether the process is an emulator; another program may have its id after a restart of the machine."""
    if Path("/proc/self").exists():
        with suppress(OSError):
            command_line = Path(f"/proc/{pid}/cmdline").read_bytes()  # empty for a zombie
            return b"cdk_local_aws.emulator" in command_line
        return False
    command = ["ps", "-o", "stat=,command=", "-p", str(pid)]
    status = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "cdk_local_aws.emulator" in status and not status.startswith("Z")


def answers(settings: EmulatorSettings) -> bool:
    """Return whether the emulator is ready for requests."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{settings.endpoint}/_ministack/health", timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def port_stays_taken(port: int) -> bool:
    """Return whether something still listens on the port after a moment, which an ended emulator needs."""
    deadline = time.monotonic() + PORT_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return False
        time.sleep(0.1)
    return True


def fingerprint(settings: EmulatorSettings, engine: Mapping[str, str]) -> str:
    """Return a digest of our code, ministack, the engine and the settings, with which an emulator is started."""
    digest = hashlib.sha256(f"{sys.version} {version('ministack')}".encode())
    for path in sorted((PROJECT / "cdk_local_aws").rglob("*.py")):
        digest.update(path.read_bytes())
    digest.update(json.dumps([repr(settings), engine.get("DOCKER_HOST")]).encode())
    return digest.hexdigest()


def record(settings: EmulatorSettings) -> Path:
    """Return the file that names the running process."""
    return settings.folder / "process.json"
