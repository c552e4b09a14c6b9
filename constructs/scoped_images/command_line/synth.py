"""Runs the CDK CLI: finds or makes the cloud assembly that a command reads, and deploys stacks of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scoped_images.building.end import end
from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json

CLI = "cdk"


def find_assembly(app: str | None, *, context: Sequence[str], output: str | None) -> Path:
    """Return the folder of the cloud assembly: `app` itself if it is a folder, else what the CDK CLI synthesizes."""
    if app is not None and Path(app).is_dir():
        for option, value in (("--context", next(iter(context), None)), ("--output", output)):
            if value is not None:
                raise ScopedImagesError(
                    f"{option}: the cloud assembly {app} is synthesized already, got {value!r}; leave {option} out"
                )
        return Path(app)
    settings = read_json(Path("cdk.json")) or {}
    folder = output or str(settings.get("output", "cdk.out"))
    command = [CLI, "synth", "--quiet", "--output", folder]
    command += ["--app", app] if app is not None else []
    for each in context:
        command += ["--context", each]
    _run(command)
    return Path(folder)


def deploy(assembly: Path, stacks: Sequence[str]) -> None:
    """Deploy stacks of a cloud assembly, and those that they need. On a terminal the CLI may ask."""
    command = [CLI, "deploy", "--app", str(assembly), *stacks]
    _run(command if sys.stdin.isatty() else [*command, "--require-approval", "never"])


def _run(command: Sequence[str]) -> None:
    # What the app and the CLI print are notes: stdout is this command's own.
    try:
        # On a terminal the CLI may ask, which it cannot in a session of its own.
        process = subprocess.Popen(
            command, stdout=sys.stderr, text=True, start_new_session=not sys.stdin.isatty()
        )
    except OSError as error:
        raise ScopedImagesError(
            f"cannot run {CLI!r}: {error.strerror}; install it with npm install aws-cdk, or give a cloud assembly: "
            "--app cdk.out"
        ) from None
    try:
        code = process.wait()
    finally:
        end([process])
    if code:
        raise ScopedImagesError(
            f"{' '.join(command[:2])} failed with exit code {code}; its messages are above"
        )
