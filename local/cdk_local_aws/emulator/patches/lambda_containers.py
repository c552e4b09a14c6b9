"""Image functions on the host's network: nothing listens beyond 127.0.0.1, and the engine needs no bridge.

Stock ministack publishes a port of a bridge network and sends functions to host.docker.internal. Here the
runtime interface emulator of the image listens on a free port of loopback, which it gets in the arguments of
https://github.com/aws/aws-lambda-runtime-interface-emulator
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from ministack.services import lambda_svc

from cdk_local_aws.emulator.docker_client import LoopbackDocker
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.loopback_ports import free_port

RIE = "/usr/local/bin/aws-lambda-rie"
RIE_PORT_IN_MINISTACK = "8080/tcp"
BRIDGE_OPTIONS = ("ports", "network", "extra_hosts")


def apply(port: int, keys: Keys) -> None:
    """Give ministack's Lambda a docker client that starts containers so."""
    lambda_svc._get_docker_client = functools.partial(connected, port, keys)
    if sys.platform != "linux":
        return  # engines run in a virtual machine whose loopback is not ours: ministack's own way stays
    lambda_svc._rewrite_host_for_container = lambda url: url  # loopback is the same inside and outside
    lambda_svc._is_in_container = False  # even if this machine is one: its loopback is the containers' too


@functools.cache
def client(port: int, keys: Keys) -> Any:
    """The client, connected once."""
    return FunctionDocker(port, keys) if sys.platform == "linux" else LoopbackDocker(port, keys)


def connected(port: int, keys: Keys) -> Any:
    """The client, or None while no engine answers, as ministack expects it."""
    try:
        return client(port, keys)
    except Exception:  # docker raises its own, requests' and the system's errors for an engine that is away
        lambda_svc.logger.warning("no container engine answers: image functions cannot run")
        return None


class FunctionDocker:
    """A docker client that starts function containers."""

    def __init__(self, port: int, keys: Keys) -> None:
        self._docker = LoopbackDocker(port, keys)
        self.images = self._docker.images
        self.containers = FunctionContainers(self._docker)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._docker, name)


class FunctionContainers:
    """Containers of functions, whose runtime interface emulator listens on loopback."""

    def __init__(self, client: LoopbackDocker) -> None:
        self._docker = client

    def run(self, image: str, **options: Any) -> FunctionContainer:
        """Start a function's container."""
        invoke, runtime = free_port(), free_port()
        config = self._docker.images.get(image).attrs["Config"]
        entrypoint = options.pop("entrypoint", None) or config.get("Entrypoint") or []
        command = options.pop("command", None) or config.get("Cmd") or []
        container = self._docker.containers.run(
            image,
            **{name: value for name, value in options.items() if name not in BRIDGE_OPTIONS},
            network_mode="host",
            entrypoint=[
                RIE,
                *("--runtime-interface-emulator-address", f"127.0.0.1:{invoke}"),
                *("--runtime-api-address", f"127.0.0.1:{runtime}"),
                *entrypoint,
            ],
            command=command,
        )
        return FunctionContainer(container, invoke)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._docker.containers, name)


class FunctionContainer:
    """A function's container, which tells ministack the port of loopback instead of a published one."""

    def __init__(self, container: Any, port: int) -> None:
        self._container = container
        self.ports = {RIE_PORT_IN_MINISTACK: [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)
