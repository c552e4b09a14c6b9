"""Deploys every stack of an environment: `python -m scripts.deploy ENV OPTION…`, with options of `cdk deploy`.

`scoped-images build` builds all missing images at once, and pushes them without downloading their base images. The CLI
then builds none. In the environment `local` the CLI builds: its engine also runs the images, and need not pull them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

ASSEMBLY = "cdk.out"
BUILD = ("scoped-images", "build", "--app", ASSEMBLY)
DEPLOY_FIRST = 3


def main(env: str, *options: str) -> int:
    """Synthesize once, build if another machine runs the images, and deploy."""
    engine = _output(sys.executable, "-m", "scripts.engine_options", env).split()
    _run("cdk", "synth", "--quiet", "--output", ASSEMBLY, "-c", f"env={env}", *engine)
    if env != "local":
        build(options)
    _deploy(options, ["--all"])
    return 0


def build(options: Sequence[str]) -> None:
    """Build every missing image, after the stacks that builds need."""
    code = subprocess.run(BUILD, check=False).returncode
    if code == DEPLOY_FIRST:
        _deploy(
            options, json.loads(_output(*BUILD, "--dry-run", "--json", code=DEPLOY_FIRST))["deploy_first"]
        )
        code = subprocess.run(BUILD, check=False).returncode
    if code:
        sys.exit(code)


def _deploy(options: Sequence[str], stacks: Sequence[str]) -> None:
    _run("cdk", "deploy", "--app", ASSEMBLY, *options, *stacks)


def _run(*command: str) -> None:
    code = subprocess.run(command, check=False).returncode
    if code:
        sys.exit(code)


def _output(*command: str, code: int = 0) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != code:
        sys.exit(done.returncode or 1)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
