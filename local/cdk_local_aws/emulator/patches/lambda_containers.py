"""Runs image functions on the host's network, so nothing listens beyond 127.0.0.1 and the engine needs no bridge.

Stock ministack publishes a port of a bridge network and sends functions to host.docker.internal. Here the runtime
interface emulator of the image listens on a free port of loopback, which it gets in its arguments
(https://github.com/aws/aws-lambda-runtime-interface-emulator).
"""

from __future__ import annotations

import sys
from typing import Any

from ministack.services import lambda_svc

from cdk_local_aws.emulator.docker_client import BRIDGE_OPTIONS, Containers, Forwarding, connector
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.loopback_ports import free_port

RIE = "/usr/local/bin/aws-lambda-rie"
RIE_PORT_IN_MINISTACK = "8080/tcp"


def apply(port: int, keys: Keys) -> None:
    """Give ministack's Lambda a docker client that starts functions on the host's network."""
    on_linux = sys.platform == "linux"
    lambda_svc._get_docker_client = connector(port, keys, FunctionContainers if on_linux else Containers)
    if on_linux:  # elsewhere engines run in a virtual machine with a loopback of its own
        lambda_svc._rewrite_host_for_container = lambda url: url
        lambda_svc._is_in_container = False  # even if this machine is a container: they share its loopback


class FunctionContainers(Containers):
    """Containers of functions, whose runtime interface emulator listens on loopback."""

    def run(self, image: str, **options: Any) -> FunctionContainer:
        """Start a function's container."""
        invoke, runtime = free_port(), free_port()
        config = self.images.get(image).attrs["Config"]
        entrypoint = options.pop("entrypoint", None) or config.get("Entrypoint") or []
        command = options.pop("command", None) or config.get("Cmd") or []
        container = super().run(
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


class FunctionContainer(Forwarding):
    """A function's container, which reports its port of loopback to ministack as a published port."""

    def __init__(self, container: Any, port: int) -> None:
        super().__init__(container)
        self.ports = {RIE_PORT_IN_MINISTACK: [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
