"""Two emulators for these tests: ours, with the gaps filled, and stock ministack beside it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.emulator import process
from local.emulator.settings import EmulatorSettings

ACCOUNT = "000000000000"
REGION = "us-east-1"
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


@dataclass(frozen=True)
class Aws:
    """One emulator: clients for it, and names that no other test uses."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        )

    @staticmethod
    def name(prefix: str) -> str:
        return f"{prefix}-{uuid.uuid4().hex[:8]}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def settings() -> Iterator[EmulatorSettings]:
    """Our emulator, running, without a container engine."""
    state = Path(tempfile.mkdtemp(prefix="emulator-"))
    settings = EmulatorSettings(state=state, port=free_port(), account=ACCOUNT, region=REGION)
    process.ensure_running(settings, NO_ENGINE, print)
    yield settings
    process.stop(settings)
    shutil.rmtree(state)


@pytest.fixture(scope="session")
def aws(settings: EmulatorSettings) -> Aws:
    """Our emulator."""
    return Aws(settings.port)


@pytest.fixture(scope="session")
def stock() -> Iterator[Aws]:
    """Ministack as it comes, to show that a gap is still there."""
    state = Path(tempfile.mkdtemp(prefix="stock-"))
    settings = EmulatorSettings(state=state, port=free_port(), account=ACCOUNT, region=REGION)
    (settings.folder / "tmp").mkdir(parents=True)
    environment = settings.process_environment(os.environ, NO_ENGINE, search_path=Path(sys.executable).parent)
    server = subprocess.Popen(
        [sys.executable, "-c", "from ministack.app import main; main()"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"{settings.endpoint}/_ministack/health", timeout=5):
            break
        time.sleep(0.1)
    yield Aws(settings.port)
    server.kill()
    server.wait()
    shutil.rmtree(state)
