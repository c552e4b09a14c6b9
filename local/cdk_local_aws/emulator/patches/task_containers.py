"""Runs the containers of ECS tasks with all of their definition, and gives each task a network of its own.

Only root may enter a container's network. Without root, tasks share this machine's loopback: each gets free ports, and
HOST and PORT in its environment say where it must listen. A container that ignores them never becomes ready.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from typing import Any

from docker.types import Healthcheck
from ministack.services import ecs

from cdk_local_aws.emulator.docker_client import BRIDGE_OPTIONS, Containers, RegistryImages, connector
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.loopback_ports import free_port
from cdk_local_aws.emulator.task_network import Door, Network, doors, gives_networks

Definition = dict[str, Any]
NANOSECONDS = 1_000_000_000
LOOK_SECONDS = 5
# Failed checks count only after this time, since they run more often than on ECS.
START_SECONDS = 30
PORTS_LABEL = "local-aws.ports"  # a container's ports of our loopback, by its own ports


def apply(port: int, keys: Keys) -> None:
    """Give ministack's ECS a docker client that starts tasks so, and all options of a definition."""
    stock_metadata, stock_kwargs = ecs._register_metadata, ecs._build_run_kwargs

    def metadata_on_host(*arguments: Any) -> Any:
        # The seventh argument is host_mode: with it ministack names 127.0.0.1 and not host.docker.internal.
        return stock_metadata(*arguments[:6], True, *arguments[7:])

    def run_options(definition: Definition, task_definition: Definition, *arguments: Any) -> Definition:
        options: Definition = stock_kwargs(definition, task_definition, *arguments)
        ports = host_ports(definition)
        note_ports(options["labels"]["com.amazonaws.ecs.task-arn"], ports)
        # Fargate gives every container the region; a value in the definition wins.
        options["environment"] = {**region(), **credentials(keys), **options["environment"]}
        placed = place(options, ports)
        return {**placed, **from_definition(definition, task_definition)}

    ecs._get_docker = connector(port, keys, TaskContainers)
    ecs._build_run_kwargs = run_options
    ecs._container_ip = lambda container, network: "127.0.0.1"  # noqa: ARG005
    if sys.platform == "linux":
        ecs._register_metadata = metadata_on_host


def place(options: Definition, ports: dict[str, int]) -> Definition:
    """Add the network that the container runs in, and how its ports are reached from here."""
    if gives_networks():
        kept = {name: value for name, value in options.items() if name not in BRIDGE_OPTIONS}
        return {**kept, "network_mode": "none", "labels": {**kept["labels"], PORTS_LABEL: json.dumps(ports)}}
    return on_host(options, ports) if sys.platform == "linux" else published(options, ports)


class TaskContainers(Containers):
    """Containers of tasks, with doors in their networks."""

    def __init__(self, containers: Any, images: RegistryImages) -> None:
        super().__init__(containers, images)
        # The container whose network the others of its task join, by the ARN of each running task.
        self._first: dict[str, str] = {}

    def run(self, image: str, **options: Any) -> Any:
        """Start a container, the first of its task in a network of its own."""
        labels = options.get("labels") or {}
        if PORTS_LABEL not in labels:
            return super().run(image, **options)
        task = labels["com.amazonaws.ecs.task-arn"]
        first = self._first.get(task)
        if first is not None:
            options["network_mode"] = f"container:{first}"
        container = super().run(image, **options)
        container.reload()
        pid = int(container.attrs["State"]["Pid"])
        try:
            network = Network.of(pid)
        except FileNotFoundError:  # the container has already ended
            return container
        ports = {int(there): here for there, here in json.loads(labels[PORTS_LABEL]).items()}
        made = doors(network, ports=ports, aws_port=None if first else self.images.port)
        for door in made:
            door.open()
        if first is None:
            self._first[task] = container.id
        threading.Thread(target=self._close, args=(container, task, network, made), daemon=True).start()
        return container

    def _close(self, container: Any, task: str, network: Network, made: list[Door]) -> None:
        """Close the doors when the container has ended."""
        with suppress(Exception):  # it may be removed meanwhile, and the engine be away
            container.wait(timeout=None)
        if self._first.get(task) == container.id:
            del self._first[task]
        for door in made:
            door.close()
        network.close()


def on_host(options: Definition, ports: dict[str, int]) -> Definition:
    """Run the container on the host's network, with HOST and PORT in its environment."""
    kept = {name: value for name, value in options.items() if name not in BRIDGE_OPTIONS}
    return {**kept, "network_mode": "host", "environment": {**options["environment"], **listening(ports)}}


def published(options: Definition, ports: dict[str, int]) -> Definition:
    """Publish the ports on our loopback, because the engine runs in a virtual machine with a loopback of its own."""
    bindings = {f"{container_port}/tcp": ("127.0.0.1", port) for container_port, port in ports.items()}
    return {**options, "ports": bindings}


def host_ports(definition: Definition) -> dict[str, int]:
    """Return a free port of loopback for each container port."""
    return {str(mapping["containerPort"]): free_port() for mapping in definition.get("portMappings", [])}


def note_ports(task_arn: str, ports: dict[str, int]) -> None:
    """Store a task's ports for the targets of its load balancer."""
    task = ecs._tasks.get(task_arn)
    if task is not None:
        task["_host_ports"] = {**task.get("_host_ports", {}), **ports}


def region() -> dict[str, str]:
    """Return the variables by which AWS's SDKs find the task's region."""
    return {"AWS_REGION": ecs.get_region(), "AWS_DEFAULT_REGION": ecs.get_region()}


def credentials(keys: Keys) -> dict[str, str]:
    """Return the keys with which AWS's SDKs sign; the address of the task role would give them invalid ones."""
    return {"AWS_ACCESS_KEY_ID": ecs.get_account_id(), "AWS_SECRET_ACCESS_KEY": keys.secret}


def listening(ports: dict[str, int]) -> dict[str, str]:
    """Return the variables that make a container listen on its first port, on loopback only."""
    return {"HOST": "127.0.0.1", "PORT": str(next(iter(ports.values())))} if ports else {}


def from_definition(definition: Definition, task_definition: Definition) -> Definition:
    """Return as options of docker what stock ministack ignores in a container definition."""
    options = {
        "entrypoint": definition.get("entryPoint"),
        "working_dir": definition.get("workingDirectory"),
        "user": definition.get("user"),
        "read_only": definition.get("readonlyRootFilesystem"),
        "init": definition.get("linuxParameters", {}).get("initProcessEnabled"),
        "healthcheck": health_check(definition.get("healthCheck")),
        "tmpfs": ephemeral_volumes(definition, task_definition),
    }
    return {name: value for name, value in options.items() if value}


def health_check(declared: Definition | None) -> Healthcheck | None:
    """Return a health check with ECS's defaults in docker's units; it runs more often than on ECS.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """
    if not declared:
        return None
    check = Healthcheck(
        test=declared["command"],
        interval=min(int(declared.get("interval", 30)), LOOK_SECONDS) * NANOSECONDS,
        timeout=int(declared.get("timeout", 5)) * NANOSECONDS,
        retries=int(declared.get("retries", 3)),
        start_period=max(int(declared.get("startPeriod", 0)), START_SECONDS) * NANOSECONDS,
    )
    check["StartInterval"] = NANOSECONDS  # in docker's API since 1.44, and not yet in its Python client
    return check


def ephemeral_volumes(definition: Definition, task_definition: Definition) -> dict[str, str]:
    """Return the mount points of volumes without a path on the host, which docker removes with the task."""
    of_host = {
        v["name"] for v in task_definition.get("volumes", []) if (v.get("host") or {}).get("sourcePath")
    }
    return {
        mount["containerPath"]: ""
        for mount in definition.get("mountPoints", [])
        if mount.get("sourceVolume") not in of_host and mount.get("containerPath")
    }
