"""One emulated AWS: its clients, its registry and names that no other test uses."""

import subprocess
import uuid
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.config import Config

from cdk_local_aws.emulator.keys import Keys
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
