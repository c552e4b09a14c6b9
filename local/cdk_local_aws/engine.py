"""The container engine of the local environment: the user's own Docker where it does, else a private one."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cdk_local_aws import private_engine
from cdk_local_aws.client_config import write_client_config
from cdk_local_aws.debian_packages import release_field
from cdk_local_aws.errors import LocalError
from cdk_local_aws.own_docker import OwnDocker, find_own_docker, shortcoming
from cdk_local_aws.private_engine import PrivateEngine, locked
from cdk_local_aws.private_install import PLUGINS, ensure_installed


@dataclass(frozen=True)
class Engine:
    """A container engine that runs, and how its clients find it."""

    docker: Path  # the docker CLI to run
    host: str  # the engine's address, "unix:///…"
    private: bool  # started by this project, else the user's own
    config: Path  # the CLI's configuration folder, with the plugins and without the user's logins
    builds_from_store: bool = True  # whether FROM finds an image that is only in the engine's store
    variables: dict[str, str] = field(default_factory=dict)  # what else its clients take from the environment

    def environment(self) -> dict[str, str]:
        """The variables with which docker, buildx and the Docker SDK find this engine."""
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
    """What decides whether a private engine can be set up here."""

    system: str  # platform.system()
    distribution: str  # ID of os-release(5)
    root: bool

    @classmethod
    def here(cls) -> Machine:
        """This machine, as this process sees it."""
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        return cls(system=platform.system(), distribution=release_field("ID"), root=root)

    def takes_private_engine(self) -> bool:
        """Whether the private engine runs here."""
        return self.system == "Linux" and self.distribution == "debian" and self.root


def choose(own: OwnDocker | str, machine: Machine) -> OwnDocker | None:
    """The user's own Docker if it does, None for a private engine; LocalError where neither is possible."""
    if machine.system not in ("Linux", "Darwin"):
        raise LocalError(
            f"the local environment runs on Linux and macOS, this is {machine.system}. Use a Linux machine, "
            "or deploy to AWS with ENV=dev."
        )
    if not isinstance(own, str) and shortcoming(own) is None:
        return own
    if machine.takes_private_engine():
        return None
    raise LocalError(f"no container engine can be used: {_reason(own)}.\n{_remedy(machine)}")


def _reason(own: OwnDocker | str) -> str:
    return own if isinstance(own, str) else shortcoming(own) or ""


def _remedy(machine: Machine) -> str:
    if machine.system == "Darwin":
        return (
            "Install and start Docker Desktop, and switch on Settings > General > "
            "'Use containerd for pulling and storing images'."
        )
    return (
        "Install Docker Engine with buildx and switch its containerd image store on: put "
        '{"features": {"containerd-snapshotter": true}} into /etc/docker/daemon.json and restart docker '
        "(https://docs.docker.com/engine/storage/containerd/). Or run as root on Debian, where a private engine "
        f"is set up by itself (this is {machine.distribution or machine.system}, "
        f"{'root' if machine.root else 'not root'})."
    )


def ensure_engine(*, state: Path, installed: Path, say: Callable[[str], None]) -> Engine:
    """A running engine. `state` holds what it makes, `installed` the programs of a private one."""
    state, installed = state.resolve(), installed.resolve()  # apt and dockerd work in folders of their own
    own = find_own_docker()
    chosen = choose(own, Machine.here())
    if chosen is not None:
        return _own_engine(chosen, state)
    if not (installed / "root").exists():
        say(f"a private container engine is used: {_reason(own)}")
    return ensure_private_engine(state=state, installed=installed, say=say)


def ensure_private_engine(*, state: Path, installed: Path, say: Callable[[str], None]) -> Engine:
    """A running engine of our own on a machine that supports one; tests may change its image store."""
    machine = Machine.here()
    if not machine.takes_private_engine():
        raise LocalError(
            "a private container engine needs Debian and root, this is "
            f"{machine.distribution or machine.system}, {'root' if machine.root else 'not root'}."
        )
    state, installed = state.resolve(), installed.resolve()
    engine = PrivateEngine(installed=ensure_installed(installed, say), state=state)
    if not engine.answers():
        say(f"starting the private container engine, log in {engine.log}")
        private_engine.start(engine)
    return Engine(
        docker=engine.docker,
        host=engine.host,
        private=True,
        config=_client_config(engine.state, [engine.installed / PLUGINS]),
        variables={"BUILDX_BUILDER": ""},  # the engine's own, whatever the user's shell names
    )


def _own_engine(own: OwnDocker, state: Path) -> Engine:
    variables = {}
    if own.builder:  # its definition lies in the user's own configuration folder
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
