"""Runs docker for an answer."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from scoped_images.errors import ScopedImagesError


def run_docker(
    docker: str, *arguments: str, environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Return what docker prints and its exit code. Raises ScopedImagesError if it does not start."""
    try:
        return subprocess.run(
            [docker, *arguments],
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise cannot_run(docker, error) from None


def cannot_run(docker: str, error: OSError) -> ScopedImagesError:
    """Return the error of a docker that does not start, with the reason of the operating system."""
    return ScopedImagesError(
        f"cannot run {docker!r}: {error.strerror}; install docker, or name it in CDK_DOCKER"
    )
