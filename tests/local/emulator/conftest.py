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
from typing import Any, Self

import boto3
import pytest
from botocore.config import Config

from cdk_local_aws.emulator import process
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.sandbox import ensure_sandbox
from cdk_local_aws.emulator.settings import EmulatorSettings
from cdk_local_aws.engine import Engine
from cdk_local_aws.environment import LocalEnvironment
from tests.local.emulator.registry_client import Registry

ACCOUNT = "000000000000"
REGION = "us-east-1"
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


@dataclass(frozen=True)
class Aws:
    """One emulator: clients for it, and names that no other test uses."""

    port: int
    keys: Keys

    @classmethod
    def of(cls, settings: EmulatorSettings) -> Self:
        """The emulator that runs with these settings now."""
        return cls(settings.port, Keys.read(settings))

    @property
    def registry(self) -> Registry:
        return Registry(self.port, self.keys.registry_password)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, **options: Any) -> Any:
        return self.client_of(service, account=ACCOUNT, region=REGION, **options)

    def client_of(self, service: str, *, account: str, region: str, **options: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=self.keys.secret,
            config=Config(**options),
        )

    @staticmethod
    def name(prefix: str) -> str:
        return f"{prefix}-{uuid.uuid4().hex[:8]}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def log_in(env: LocalEnvironment, engine: Engine) -> None:
    """`docker login` at the registry, as the CDK CLI does before it pushes."""
    variables = env.process_environment(engine)
    host = f"{env.account}.dkr.ecr.{env.region}.amazonaws.com"
    subprocess.run(
        [variables["CDK_DOCKER"], "login", "--username", "AWS", "--password-stdin", host],
        env=variables,
        input=Keys.read(env.emulator).registry_password,
        text=True,
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="session")
def settings() -> Iterator[EmulatorSettings]:
    """Our emulator, running, without a container engine."""
    state = Path(tempfile.mkdtemp(prefix="emulator-"))
    settings = EmulatorSettings(state=state, port=free_port(), account=ACCOUNT, region=REGION)
    ensure_sandbox(print)
    process.ensure_running(settings, NO_ENGINE, print)
    yield settings
    process.stop(settings)
    shutil.rmtree(state)


@pytest.fixture(scope="session")
def aws(settings: EmulatorSettings) -> Aws:
    """Our emulator."""
    return Aws.of(settings)


@pytest.fixture(scope="session")
def stock() -> Iterator[Aws]:
    """Ministack as it comes, to show that a gap is still there."""
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
