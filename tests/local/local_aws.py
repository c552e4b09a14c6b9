"""An emulated AWS with a container engine."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.engine import Engine
from cdk_local_aws.environment import LocalEnvironment, ensure_emulator, stop_emulator
from tests.free_port import free_port
from tests.local.emulator.aws import Aws
from tests.local.places import ROOT


@dataclass(frozen=True)
class LocalAws:
    """An emulated AWS, its container engine, and a folder for contexts of images."""

    env: LocalEnvironment
    engine: Engine
    folder: Path

    @property
    def aws(self) -> Aws:
        return Aws.of(self.env.emulator)

    @property
    def registry(self) -> str:
        return f"{self.env.account}.dkr.ecr.{self.env.region}.amazonaws.com"

    def docker(self, *arguments: str, stdin: str | None = None) -> str:
        """Run the CDK_DOCKER program and return its output."""
        variables = self.env.process_environment(self.engine)
        command = [variables["CDK_DOCKER"], *arguments]
        done = subprocess.run(
            command, env=variables, input=stdin, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def up(self) -> None:
        """Start the emulator, and log in at its registry, as the CDK CLI does before it pushes."""
        ensure_emulator(self.env, self.engine, print)
        password = Keys.read(self.env.emulator).registry_password
        self.docker("login", "--username=AWS", "--password-stdin", self.registry, stdin=password)

    def down(self) -> None:
        stop_emulator(self.env)


@contextmanager
def local_aws(engine: Engine) -> Iterator[LocalAws]:
    """Start an emulated AWS whose engine has the base image of Lambda."""
    ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
    with tempfile.TemporaryDirectory(prefix="local-") as folder:
        started = LocalAws(LocalEnvironment(Path(folder, "aws"), free_port()), engine, Path(folder))
        started.up()
        yield started
        started.down()
