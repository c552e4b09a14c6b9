"""Builds a context with the real engine and lists the resulting image's files."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Built:
    """What came out of a build: one tuple per path, or why it failed."""

    files: dict[str, tuple[str, int, str]] | None
    error: str = ""


def build(context: Path, dockerfile: Path, *args: str) -> Built:
    """Build without cache. mtimes and owners are left out: they are the machine's."""
    run = subprocess.run(
        [
            *(_buildx(), "build", "--no-cache", "--progress=plain", "--output", "type=tar,dest=-"),
            *(*args, "--file", str(dockerfile), str(context)),
        ],
        capture_output=True,
        check=False,
        env={**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
    )
    if run.returncode:
        return Built(None, run.stderr.decode(errors="replace"))
    with tarfile.open(fileobj=io.BytesIO(run.stdout)) as archive:
        return Built({member.name: _describe(archive, member) for member in archive})


def _buildx() -> Path:
    """Return the plugin: `docker build` starts it three times, the first two to ask what it is."""
    configuration = json.loads(Path(os.environ["DOCKER_CONFIG"], "config.json").read_text())
    plugins = (Path(folder, "docker-buildx") for folder in configuration["cliPluginsExtraDirs"])
    return next(plugin for plugin in plugins if plugin.exists())


def _describe(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, int, str]:
    kind = member.type.decode()
    stream = archive.extractfile(member) if member.isreg() else None
    content = hashlib.sha256(stream.read()).hexdigest() if stream else member.linkname
    return kind, member.mode, content
