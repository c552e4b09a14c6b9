"""Generates a monorepo whose services start from a public image in a registry, and changes it as commits do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cdk_local_aws.build_secrets import pip_secrets
from cdk_local_aws.engine import Engine
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON, docker

_INSTALL = (
    "COPY requirements.txt /tmp/requirements.txt\n"
    "RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf "
    "--mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates "
    "pip install --quiet --no-cache-dir --root-user-action=ignore -r /tmp/requirements.txt --target /var/task\n"
    "COPY packages/shared /var/task/shared\n"
)


@dataclass
class Monorepo:
    """A monorepo of services with a shared package and requirements, and of many files that no image reads."""

    root: Path
    engine: Engine
    registry: str
    secrets: list[str] = field(default_factory=list)
    round: int = 0
    _services: int = 0
    _size: int = 0

    @property
    def public(self) -> str:
        return f"{self.registry}/public:latest"

    def write(self, *, services: int, requirements: str, rest: int) -> None:
        """Write the services, and `rest` bytes that no image reads."""
        self._text("requirements.txt", requirements)
        for number in range(30):
            self._text(f"packages/shared/module_{number}.py", f"x = {number}\n" * 200)
        (self.root / "data").mkdir()
        for number in range(10):
            (self.root / f"data/{number}.bin").write_bytes(os.urandom(rest // 10))
        self._text("base.Dockerfile", f"FROM {self.public}\n{_INSTALL}")
        for number in range(services):
            name = f"service-{number}"
            for module in range(20):
                self._text(f"services/{name}/module_{module}.py", f"y = {module}\n" * 200)
            copy = f"services/{name} /var/task/service\n"
            self._text(f"{name}.whole.Dockerfile", f"FROM {self.public}\n{_INSTALL}COPY {copy}")
            start = "ARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI}\n"
            self._text(f"{name}.Dockerfile", f"{start}COPY --link {copy}")
        self._services = services
        self.secrets = pip_secrets(self.root.parent)

    def push_public_image(self, size: int) -> None:
        """Push a new public image with so many bytes more than the base image of Lambda."""
        with tempfile.TemporaryDirectory(dir=self.root.parent) as folder:
            Path(folder, "filler").write_bytes(os.urandom(size))
            Path(folder, "Dockerfile").write_text(f"FROM {LAMBDA_PYTHON.image}\nCOPY filler /opt/filler\n")
            self.docker("build", "--push", "--tag", self.public, folder)
        self._size = size

    def changes(self) -> dict[str, Callable[[int], None]]:
        """Return what each kind of commit changes. `cold` makes the next round use an empty registry."""
        return {
            "cold": lambda _: self._forget(),
            "handler": self._touch_handlers,
            "dependency": lambda number: self._touch("requirements.txt", number),
            "base": lambda _: self.push_public_image(self._size),
        }

    def empty_builder(self) -> None:
        """Remove the build cache and every image but the base image of Lambda."""
        for name in self.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split():
            if not name.startswith("public.ecr.aws/"):
                self.docker("image", "rm", "--force", name)
        self.docker("builder", "prune", "--all", "--force")
        os.sync()

    def _forget(self) -> None:
        self.round += 1

    def _touch_handlers(self, number: int) -> None:
        for name in services(self._services):
            self._touch(f"services/{name}/module_0.py", number)

    def _touch(self, path: str, number: int) -> None:
        with (self.root / path).open("a") as stream:
            stream.write(f"# {number}\n")

    def _text(self, path: str, text: str) -> None:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)

    def docker(self, *arguments: str) -> str:
        """Run docker on the engine."""
        return docker(self.engine, *arguments)


def services(count: int) -> list[str]:
    """Return the names of the first services."""
    return [f"service-{number}" for number in range(count)]
