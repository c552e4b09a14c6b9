"""`scoped-images engine`: whether `cdk deploy` can build images on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Annotated

import typer

from scoped_images.command_line.say import say, warn
from scoped_images.engine.check import Answer, expect_engine

# Docker waits for an engine that it reaches over a network, and for one that starts.
_SECONDS = 60


def engine(
    *,
    cdk_options: Annotated[
        bool,
        typer.Option("--cdk-options", help="Print only the options that cdk deploy needs with this engine."),
    ] = False,
) -> None:
    """Check that the container engine of this machine can build what cdk deploy builds.

    It asks docker, or the program that CDK_DOCKER names, and fails with the way out.
    """
    found = expect_engine(os.environ, _ask)
    if found.warning:
        warn(found.warning)
    if cdk_options:
        say(" ".join(found.cdk_options))
    elif found.builder:
        caches = "exports" if found.builder.exports_cache is not False else "does not export"
        say(
            f"{found.version}; builder {found.builder.name!r}, driver {found.builder.driver!r}, {caches} registry caches"
        )


def _ask(arguments: Sequence[str]) -> Answer:
    command = [os.environ.get("CDK_DOCKER") or "docker", *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Answer(returncode=1, stdout="", stderr=f"no answer within {_SECONDS} seconds")
    return Answer(returncode=done.returncode, stdout=done.stdout, stderr=done.stderr)
