"""Runs zip functions in a sandbox. Stock ministack runs them with all rights of its own user."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from cdk_local_aws.emulator.sandbox import sandbox


def apply() -> None:
    """Replace `subprocess` in both modules that start functions."""
    lambda_runtime.subprocess = lambda_svc.subprocess = ConfinedSubprocess()


class ConfinedSubprocess:
    """The module subprocess, but its processes see only the function's own folder."""

    def Popen(self, command: Sequence[str], *, cwd: str, **options: Any) -> Any:
        """Start a function that serves several events."""
        return subprocess.Popen(confined(command, cwd, options), cwd=cwd, umask=0o022, **options)

    def run(self, command: Sequence[str], *, cwd: str, **options: Any) -> Any:
        """Run a function for one event."""
        return subprocess.run(confined(command, cwd, options), cwd=cwd, umask=0o022, check=False, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)


def confined(command: Sequence[str], folder: str, options: dict[str, Any]) -> list[str]:
    """Return the command that runs a function in a sandbox, with ministack's script beside the code."""
    script = Path(command[-1])
    seen = script.parent if script.is_absolute() else Path(folder)
    environment = options.get("env") or os.environ
    return sandbox().command(command, folder=Path(folder), environment=environment, readable=[seen])
