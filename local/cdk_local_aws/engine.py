"""Chooses the container engine of the local environment: the user's own Docker if possible, else a private one."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cdk_local_aws import private_engine
from cdk_local_aws.client_config import write_client_config
from cdk_local_aws.debian_packages import os_release
from cdk_local_aws.errors import LocalError
from cdk_local_aws.own_docker import OwnDocker, find_own_docker, shortcoming
from cdk_local_aws.private_engine import PrivateEngine
from cdk_local_aws.private_files import locked
from cdk_local_aws.private_install import PLUGINS, ensure_installed


@dataclass(frozen=True)
class Engine:
    """A running container engine, and how its clients find it."""

    docker: Path  # the docker CLI to run
    host: str  # the engine's address, "unix:///…"
    private: bool  # a private engine, not the user's own
    config: Path  # the CLI's configuration folder, with plugins and without the user's logins
    builds_from_store: bool = True  # whether FROM finds the images in the engine's store
    variables: dict[str, str] = field(default_factory=dict)  # more environment variables of its clients

    def environment(self) -> dict[str, str]:
        """Return the variables with which docker, buildx and the Docker SDK find this engine."""
        path = os.environ.get("PATH", os.defpath)
        return {
            "DOCKER_HOST": self.host,
            "DOCKER_CONFIG": str(self.config),
            "DOCKER_BUILDKIT": "1",
            "DOCKER_TLS_VERIFY": "",  # the address is a socket of this machine
            "PATH": os.pathsep.join([str(self.docker.parent), path]) if self.private else path,
            **self.variables,
        }


@dataclass(frozen=True)
class Machine:
    """The properties of a machine that decide which engine it can have."""

    system: str  # platform.system()
    distribution: str  # ID of os-release(5)
    root: bool

    @classmethod
    def here(cls) -> Machine:
        """Inspect this machine."""
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        return cls(system=platform.system(), distribution=os_release().get("ID", ""), root=root)

    def __str__(self) -> str:
        return f"{self.distribution or self.system}, {'root' if self.root else 'not root'}"

    def takes_private_engine(self) -> bool:
        """Return whether a private engine runs here."""
        return self.system == "Linux" and self.distribution == "debian" and self.root


def choose(own: OwnDocker | str, machine: Machine) -> OwnDocker | None:
    """Return the user's own Docker, or None for a private engine; raise LocalError if neither is possible.

    own: the user's Docker, or why it cannot be reached.
    """
    if machine.system not in ("Linux", "Darwin"):
        raise LocalError(
            f"the local environment runs on Linux and macOS only, got {machine.system}; use such a machine"
        )
    if not isinstance(own, str) and shortcoming(own) is None:
        return own
    if machine.takes_private_engine():
        return None
    raise LocalError(f"no usable container engine: {_reason(own)}.\n{_remedy(machine)}")


def _reason(own: OwnDocker | str) -> str:
    return own if isinstance(own, str) else shortcoming(own) or ""


def _remedy(machine: Machine) -> str:
    if machine.system == "Darwin":
        return (
            "Install and start Docker Desktop, and turn on Settings > General > "
            "'Use containerd for pulling and storing images'."
        )
    return (
        "Install Docker Engine with buildx, and turn on its containerd image store: put "
        '{"features": {"containerd-snapshotter": true}} into /etc/docker/daemon.json and restart docker '
        "(https://docs.docker.com/engine/storage/containerd/). Or run cdk-local as root on Debian, where it sets up a "
        f"private engine (this is {machine})."
    )


def ensure_engine(*, state: Path, installed: Path, say: Callable[[str], None]) -> Engine:
    """Return a running engine. state: folder for its files. installed: folder for the programs of a private one."""
    state, installed = state.resolve(), installed.resolve()  # apt and dockerd change their folder
    own = find_own_docker()
    chosen = choose(own, Machine.here())
    if chosen is not None:
        return _own_engine(chosen, state)
    if not (installed / "root").exists():
        say(f"using a private container engine: {_reason(own)}")
    return ensure_private_engine(state=state, installed=installed, say=say)


def ensure_private_engine(*, state: Path, installed: Path, say: Callable[[str], None]) -> Engine:
    """Return a running private engine; raise LocalError if this machine cannot have one."""
    machine = Machine.here()
    if not machine.takes_private_engine():
        raise LocalError(f"a private container engine needs Debian and root, got {machine}")
    state, installed = state.resolve(), installed.resolve()
    engine = PrivateEngine(installed=ensure_installed(installed, say), state=state)
    if not engine.answers():
        say(f"starting the private container engine; its log is {engine.log}")
        private_engine.start(engine)
    return Engine(
        docker=engine.docker,
        host=engine.host,
        private=True,
        config=_client_config(engine.state, [engine.installed / PLUGINS]),
        variables={"BUILDX_BUILDER": ""},  # the engine's own builder
    )


def _own_engine(own: OwnDocker, state: Path) -> Engine:
    variables = {}
    if own.builder:  # the user's configuration folder has its definition
        config = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        variables["BUILDX_CONFIG"] = os.environ.get("BUILDX_CONFIG") or str(config / "buildx")
    folders = sorted({path.parent for path in own.plugins.values()})
    return Engine(
        docker=own.docker,
        host=own.host,
        private=False,
        config=_client_config(state, folders),
        builds_from_store=own.builder is None or own.builder.driver == "docker",
        variables=variables,
    )


def _client_config(state: Path, plugin_folders: list[Path]) -> Path:
    with locked(state):
        return write_client_config(state / "client", plugin_folders=plugin_folders)
