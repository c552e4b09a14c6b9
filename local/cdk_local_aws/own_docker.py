"""Finds the user's own Docker, and decides whether the local environment can use it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSWER_SECONDS = 20
# `docker info` shows it (https://docs.docker.com/engine/storage/containerd/).
CONTAINERD_STORE = "io.containerd.snapshotter"


@dataclass(frozen=True)
class Builder:
    """The builder that BUILDX_BUILDER names: plain `docker build` uses it instead of the engine's own."""

    name: str
    driver: str
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OwnDocker:
    """A Docker whose engine answers."""

    docker: Path
    host: str
    containerd_store: bool
    rootless: bool
    plugins: Mapping[str, Path]  # the CLI's plugins by name
    builder: Builder | None = None


def shortcoming(own: OwnDocker) -> str | None:
    """Return why this Docker cannot be used, or None if it can."""
    if not own.host.startswith("unix://"):
        return f"your Docker at {own.host} is on another machine, which has a 127.0.0.1 of its own"
    if own.rootless:
        return "your Docker is rootless, and has a 127.0.0.1 of its own"
    if "buildx" not in own.plugins:
        return "your Docker has no buildx plugin, which registry caches need"
    if own.builder is not None and own.builder.driver != "docker":
        return _builder_shortcoming(own.builder)
    if not own.containerd_store:
        return "your Docker does not use the containerd image store, so it cannot export a registry cache"
    return None


def _builder_shortcoming(builder: Builder) -> str | None:
    """Return why a builder cannot be used: it must reach this machine's loopback, and load images for CDK to tag."""
    if builder.driver == "docker-container" and builder.options >= {"network=host", "default-load=true"}:
        return None
    return (
        f"BUILDX_BUILDER names {builder.name!r}, a builder with driver {builder.driver!r} and options "
        f"{sorted(builder.options)}; use one with driver 'docker', or 'docker-container' with the options "
        "network=host and default-load=true"
    )


def find_own_docker() -> OwnDocker | str:
    """Return the user's own Docker, or why it cannot be reached."""
    found = shutil.which("docker")
    if found is None:
        return "docker is not on PATH"
    docker = Path(found)
    answered = _ask(docker, "info", "--format", "{{json .}}")
    info: dict[str, Any] = json.loads(answered.stdout) if answered.stdout.startswith("{") else {}
    if not info.get("ServerVersion"):  # Docker 26 exits with 0 even if it reaches no engine
        return f"{docker} reaches no engine: {_reason(info, answered.stderr)}"
    plugins = {p["Name"]: Path(p["Path"]) for p in info["ClientInfo"].get("Plugins") or [] if p.get("Path")}
    return OwnDocker(
        docker=docker,
        host=os.environ.get("DOCKER_HOST") or _context_host(docker),
        containerd_store=CONTAINERD_STORE in json.dumps(info.get("DriverStatus")),
        rootless="name=rootless" in (info.get("SecurityOptions") or []),
        plugins=plugins,
        builder=_builder(docker, os.environ.get("BUILDX_BUILDER", "")),
    )


def parse_builder(name: str, described: str) -> Builder:
    """Parse the output of `docker buildx inspect`."""
    driver = re.search(r"^Driver:\s*(\S+)", described, re.MULTILINE)
    options = re.search(r"^Driver Options:\s*(.*)$", described, re.MULTILINE)
    pairs = re.findall(r'([\w.-]+)="([^"]*)"', options[1]) if options else []
    return Builder(
        name=name,
        driver=driver[1] if driver else "unknown",
        options=frozenset(f"{key}={value}" for key, value in pairs),
    )


def _builder(docker: Path, name: str) -> Builder | None:
    return parse_builder(name, _ask(docker, "buildx", "inspect", name).stdout) if name else None


def _context_host(docker: Path) -> str:
    return _ask(docker, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").stdout.strip()


def _reason(info: Mapping[str, Any], output: str) -> str:
    errors = info.get("ServerErrors") or output.strip().splitlines()[-1:] or ["docker gave no reason"]
    return str(errors[0])


def _ask(docker: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(docker), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return subprocess.CompletedProcess(command, 1, "", str(problem))
