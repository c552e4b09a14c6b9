"""Starts our emulator and stock ministack for these tests."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cdk_local_aws.emulator import process
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.sandbox import ensure_sandbox
from cdk_local_aws.emulator.settings import EmulatorSettings
from tests.free_port import free_port
from tests.local.emulator.aws import ACCOUNT, NO_ENGINE, REGION, STOCK, Aws


@pytest.fixture(scope="session")
def settings() -> Iterator[EmulatorSettings]:
    """The settings of our emulator, which runs without a container engine."""
    state = Path(tempfile.mkdtemp(prefix="emulator-"))
    settings = EmulatorSettings(state=state, port=free_port(), account=ACCOUNT, region=REGION)
    ensure_sandbox(print)
    process.ensure_running(settings, NO_ENGINE, print)
    yield settings
    process.stop(settings)
    shutil.rmtree(state)


@pytest.fixture
def aws(request: pytest.FixtureRequest) -> Aws:
    """Our emulator, or stock ministack in a run of `make gaps`."""
    if STOCK:
        stock: Aws = request.getfixturevalue("stock")
        return stock
    return Aws.of(request.getfixturevalue("settings"))


@pytest.fixture(scope="session")
def stock() -> Iterator[Aws]:
    """Ministack without patches, to show that a gap still exists."""
    state = Path(tempfile.mkdtemp(prefix="stock-"))
    settings = EmulatorSettings(state=state, port=free_port(), account=ACCOUNT, region=REGION)
    (settings.folder / "tmp").mkdir(parents=True)
    secret = "taken by stock ministack like any other"
    environment = settings.process_environment(
        os.environ, NO_ENGINE, search_path=Path(sys.executable).parent, secret=secret
    )
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
    yield Aws(settings.port, Keys(secret))
    server.kill()
    server.wait()
    shutil.rmtree(state)
