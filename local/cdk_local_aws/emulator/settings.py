"""The emulator's paths, and the environment of its process."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.emulator.node_modules import node_modules

MAX_SOCKET = 107  # characters of a socket's path, unix(7)

# The emulator does not inherit these variables: settings for real AWS, which functions would inherit in turn, and
# settings of ministack that are made here.
FOREIGN = ("AWS_", "CDK_", "MINISTACK_", "LAMBDA_", "LOCALSTACK_", "ECS_", "S3_", "EDGE_PORT", "USE_SSL")


@dataclass(frozen=True)
class EmulatorSettings:
    """An emulator's folder, its port on 127.0.0.1, and the account and region of unsigned requests."""

    state: Path
    port: int
    account: str = "000000000000"
    region: str = "us-east-1"

    def __post_init__(self) -> None:
        if not 1024 <= self.port <= 65535:
            raise ValueError(f"port: not between 1024 and 65535, got {self.port}")
        if not (len(self.account) == 12 and self.account.isdigit()):
            raise ValueError(f"account: not twelve digits, got {self.account!r}")
        if not self.state.is_absolute():
            raise ValueError(f"state: not an absolute path, got '{self.state}'")

    @property
    def endpoint(self) -> str:
        """The address of the emulated AWS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        """The folder of everything that the emulator writes."""
        return self.state / "emulator"

    @property
    def secret_file(self) -> Path:
        """The secret of the run, which clients sign with (see cdk_local_aws.emulator.keys)."""
        return self.folder / "secret"

    @property
    def log(self) -> Path:
        """The output of the emulator's process."""
        return self.folder / "emulator.log"

    @property
    def registry(self) -> Path:
        """The registry's blobs."""
        return self.folder / "registry"

    @property
    def build_socket(self) -> Path:
        """The engine's socket as builds see it (see cdk_local_aws.emulator.engine_gate)."""
        path = self.folder / "engine" / "docker.sock"
        if len(str(path)) <= MAX_SOCKET:
            return path
        return Path("/tmp", f"local-aws-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}", "docker.sock")  # noqa: S108

    @property
    def authority(self) -> Path:
        """The certificate of the TLS front's authority."""
        return self.folder / "authority.pem"

    def process_environment(
        self, inherited: Mapping[str, str], engine: Mapping[str, str], *, search_path: Path, secret: str
    ) -> dict[str, str]:
        """Return the environment of the emulator's process, which the zip functions inherit.

        search_path: goes in front of PATH, for the `node` of the virtual environment. secret: functions sign with it.
        """
        kept = {k: v for k, v in inherited.items() if not k.startswith(FOREIGN)}
        merged = {**kept, **engine}
        return {
            **merged,
            "PATH": os.pathsep.join([str(search_path), merged.get("PATH", os.defpath)]),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": self.account,
            "MINISTACK_REGION": self.region,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "1",
            "S3_PERSIST": "1",
            "STATE_DIR": str(self.folder / "services"),
            "S3_DATA_DIR": str(self.folder / "s3"),
            "TMPDIR": str(self.folder / "tmp"),
            "NODE_PATH": str(node_modules()),
            # Functions call only the emulated AWS.
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # The engine may unpack a large image for longer than ministack's default of ten seconds.
            "MINISTACK_DOCKER_TIMEOUT": "300",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
