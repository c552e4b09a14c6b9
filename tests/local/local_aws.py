"""An emulated AWS with a container engine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.engine import Engine, Machine
from cdk_local_aws.environment import LocalEnvironment, ensure_emulator, stop_emulator
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON, docker
from tests.free_port import free_port
from tests.local.debian_programs import debian_programs
from tests.local.emulator.aws import Aws
from tests.local.places import ROOT

SMALL_BASE = "public.ecr.aws/nobody/busybox:1"


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


def make_small_base(engine: Engine) -> None:
    """Build the base image SMALL_BASE, which has a shell: of Debian's busybox, or elsewhere of Lambda's base image."""
    with tempfile.TemporaryDirectory() as context:
        dockerfile = f"FROM {LAMBDA_PYTHON.image}\n"
        if Machine.here().takes_private_engine():
            shutil.copy(debian_programs() / "usr/bin/busybox", context)
            dockerfile = 'FROM scratch\nCOPY busybox /bin/\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n'
        Path(context, "Dockerfile").write_text(dockerfile)
        docker(engine, "build", "--provenance=false", "--network=host", f"--tag={SMALL_BASE}", context)


@contextmanager
def local_aws(engine: Engine) -> Iterator[LocalAws]:
    """Start an emulated AWS whose engine has the base image of Lambda."""
    ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
    make_small_base(engine)
    with tempfile.TemporaryDirectory(prefix="local-") as folder:
        started = LocalAws(LocalEnvironment(Path(folder, "aws"), free_port()), engine, Path(folder))
        started.up()
        yield started
        started.down()
