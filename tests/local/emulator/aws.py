"""An emulated AWS: its clients, its registry, and resources with names that no other test uses."""

import functools
import io
import os
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any, Self

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.settings import EmulatorSettings
from tests.local.emulator.registry_client import Registry

ACCOUNT = "000000000000"
REGION = "us-east-1"
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}

# `make gaps` runs these tests with stock ministack, where each fails until upstream fills the gap.
STOCK = "STOCK_MINISTACK" in os.environ
GAP = pytest.mark.xfail(
    STOCK,
    strict=True,
    raises=(AssertionError, ClientError, KeyError, WaiterError, pytest.fail.Exception),
    reason="a gap of stock ministack",
)


def zipped(name: str, program: str) -> bytes:
    """Return the code of a zip function with one module."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr(name, program)
    return code.getvalue()


@dataclass(frozen=True)
class Aws:
    """An emulator: clients for it, and resources with names that no other test uses."""

    port: int
    keys: Keys

    @classmethod
    def of(cls, settings: EmulatorSettings) -> Self:
        """Return the running emulator of these settings."""
        return cls(settings.port, Keys.read(settings))

    @property
    def registry(self) -> Registry:
        return Registry(self.port, self.keys.registry_password)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, **options: Any) -> Any:
        """Return a client, the same each time, because boto3 takes long to make one."""
        return _client(self, service, **options)

    def new_client(
        self, service: str, *, account: str = ACCOUNT, region: str = REGION, **options: Any
    ) -> Any:
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

    def repository(self, **options: Any) -> str:
        """Create a repository and return its name."""
        name = self.name("repo")
        self.client("ecr").create_repository(repositoryName=name, **options)
        return name

    def bucket(self, **objects: bytes) -> str:
        """Create a bucket with objects by their keys, and return its name."""
        name, s3 = self.name("bucket"), self.client("s3")
        s3.create_bucket(Bucket=name)
        for key, body in objects.items():
            s3.put_object(Bucket=name, Key=key, Body=body)
        return name


@functools.cache
def _client(aws: Aws, service: str, **options: Any) -> Any:
    return aws.new_client(service, **options)
