"""Containers of ECS tasks, each task in a network of its own, with everything in their definition.

Where we may not enter a container's network (only root may), tasks share this machine's loopback. Then each gets free
ports, and HOST and PORT in its environment say where it must listen: a container that ignores them never gets ready.
"""

from __future__ import annotations

import functools
import json
import sys
import threading
from contextlib import suppress
from typing import Any

from docker.types import Healthcheck
from ministack.services import ecs

from cdk_local_aws.emulator.docker_client import LoopbackDocker
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.loopback_ports import free_port
from cdk_local_aws.emulator.task_network import Door, Network, doors, gives_networks

Definition = dict[str, Any]
NANOSECONDS = 1_000_000_000
LOOK_SECONDS = 5
# Failed checks count only after this time, because checks run more often than on ECS.
START_SECONDS = 30
BRIDGE_OPTIONS = ("ports", "network", "extra_hosts")
PORTS_LABEL = "local-aws.ports"  # of a container: the port of our loopback by its own


def apply(port: int, keys: Keys) -> None:
    """Give ministack's ECS a docker client of ours, and containers that run so."""
    stock_metadata, stock_kwargs = ecs._register_metadata, ecs._build_run_kwargs

    def metadata_on_host(*arguments: Any) -> Any:
        # The seventh argument is host_mode: with it ministack names 127.0.0.1 and not host.docker.internal.
        return stock_metadata(*arguments[:6], True, *arguments[7:])

    def run_options(definition: Definition, task_definition: Definition, *arguments: Any) -> Definition:
        options: Definition = stock_kwargs(definition, task_definition, *arguments)
        ports = host_ports(definition)
        note_ports(options["labels"]["com.amazonaws.ecs.task-arn"], ports)
        # Fargate names the region to every container; a definition's own value wins.
        options["environment"] = {**region(), **credentials(keys), **options["environment"]}
        placed = place(options, ports)
        return {**placed, **from_definition(definition, task_definition)}

    ecs._get_docker = functools.partial(connected, port, keys)
    ecs._build_run_kwargs = run_options
    ecs._container_ip = lambda container, network: "127.0.0.1"  # noqa: ARG005
    if sys.platform == "linux":
        ecs._register_metadata = metadata_on_host


def place(options: Definition, ports: dict[str, int]) -> Definition:
    """Where the container runs, and how its ports are reached from here."""
    if gives_networks():
        kept = {name: value for name, value in options.items() if name not in BRIDGE_OPTIONS}
        return {**kept, "network_mode": "none", "labels": {**kept["labels"], PORTS_LABEL: json.dumps(ports)}}
    return on_host(options, ports) if sys.platform == "linux" else published(options, ports)


class TaskDocker:
    """A docker client that gives the containers of one task one network."""

    def __init__(self, port: int, keys: Keys) -> None:
        self._docker = LoopbackDocker(port, keys)
        self.images = self._docker.images
        self.containers = TaskContainers(self._docker, port)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._docker, name)


class TaskContainers:
    """Containers of tasks, with doors in their networks."""

    def __init__(self, client: LoopbackDocker, port: int) -> None:
        self._docker = client
        self._port = port
        self._first: dict[
            str, str
        ] = {}  # of each task that runs: the container whose network the others join

    def run(self, image: str, **options: Any) -> Any:
        """Start a container, the first of its task in a network of its own."""
        labels = options.get("labels") or {}
        if PORTS_LABEL not in labels:
            return self._docker.containers.run(image, **options)
        task = labels["com.amazonaws.ecs.task-arn"]
        first = self._first.get(task)
        if first is not None:
            options["network_mode"] = f"container:{first}"
        container = self._docker.containers.run(image, **options)
        container.reload()
        pid = int(container.attrs["State"]["Pid"])
        try:
            network = Network.of(pid)
        except FileNotFoundError:  # the container has already ended
            return container
        ports = {int(there): here for there, here in json.loads(labels[PORTS_LABEL]).items()}
        made = doors(network, ports=ports, aws_port=None if first else self._port)
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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._docker.containers, name)


def on_host(options: Definition, ports: dict[str, int]) -> Definition:
    """A container on the host's network, told where to listen."""
    kept = {name: value for name, value in options.items() if name not in BRIDGE_OPTIONS}
    return {**kept, "network_mode": "host", "environment": {**options["environment"], **listening(ports)}}


def published(options: Definition, ports: dict[str, int]) -> Definition:
    """A container in an engine's virtual machine, whose loopback is not ours: its ports are published on ours."""
    bindings = {f"{container_port}/tcp": ("127.0.0.1", port) for container_port, port in ports.items()}
    return {**options, "ports": bindings}


@functools.cache
def client(port: int, keys: Keys) -> TaskDocker:
    """The client, connected once."""
    return TaskDocker(port, keys)


def connected(port: int, keys: Keys) -> TaskDocker | None:
    """The client, or None while no engine answers, as ministack expects it."""
    try:
        return client(port, keys)
    except Exception:  # docker raises its own, requests' and the system's errors for an engine that is away
        ecs.logger.warning("no container engine answers: tasks cannot run")
        return None


def host_ports(definition: Definition) -> dict[str, int]:
    """A free port of loopback for each container port."""
    return {str(mapping["containerPort"]): free_port() for mapping in definition.get("portMappings", [])}


def note_ports(task_arn: str, ports: dict[str, int]) -> None:
    """Remember a task's ports, for the load balancer's targets."""
    task = ecs._tasks.get(task_arn)
    if task is not None:
        task["_host_ports"] = {**task.get("_host_ports", {}), **ports}


def region() -> dict[str, str]:
    """The variables by which AWS's SDKs find the task's region."""
    return {"AWS_REGION": ecs.get_region(), "AWS_DEFAULT_REGION": ecs.get_region()}


def credentials(keys: Keys) -> dict[str, str]:
    """The variables with which AWS's SDKs sign, in place of the task role's address, which gives invalid keys."""
    return {"AWS_ACCESS_KEY_ID": ecs.get_account_id(), "AWS_SECRET_ACCESS_KEY": keys.secret}


def listening(ports: dict[str, int]) -> dict[str, str]:
    """Where a container listens: its first port, on loopback only."""
    return {"HOST": "127.0.0.1", "PORT": str(next(iter(ports.values())))} if ports else {}


def from_definition(definition: Definition, task_definition: Definition) -> Definition:
    """What stock ministack leaves out of a container definition, as options of docker."""
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
    """A container's health check with ECS's defaults, in docker's units, looked at more often than on ECS.

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
    """Volumes without a place on the host: storage that is removed with the task."""
    of_host = {
        v["name"] for v in task_definition.get("volumes", []) if (v.get("host") or {}).get("sourcePath")
    }
    return {
        mount["containerPath"]: ""
        for mount in definition.get("mountPoints", [])
        if mount.get("sourceVolume") not in of_host and mount.get("containerPath")
    }
