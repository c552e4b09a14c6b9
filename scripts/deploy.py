"""Deploys every stack of an environment: `python -m scripts.deploy ENV OPTION…`, with options of `cdk deploy`.

`scoped-images build` builds all missing images at once, and pushes them without downloading their base images. The CLI
then builds none. In the environment `local` the CLI builds: its engine also runs the images, and need not pull them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from stacks.environment import AppEnvironment

ASSEMBLY = "cdk.out"


def main(env: str, *options: str) -> None:
    """Synthesize once, build if another machine runs the images, and deploy."""
    environments = json.loads(Path("cdk.json").read_text())["context"]["environments"]
    remotely = AppEnvironment.read(environments, env).builds_remotely
    # An engine of this machine decides nothing if AWS builds the images.
    engine = (
        [] if remotely else _run("scoped-images", "engine", "--cdk-options", stdout=subprocess.PIPE).split()
    )
    _run("cdk", "synth", "--quiet", "--output", ASSEMBLY, "-c", f"env={env}", *engine)
    if env != "local":
        _run("scoped-images", "build", "--app", ASSEMBLY, "--deploy-first")
    _run("cdk", "deploy", "--app", ASSEMBLY, "--all", *options)


def _run(*command: str, stdout: int | None = None) -> str:
    done = subprocess.run(command, stdout=stdout, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
