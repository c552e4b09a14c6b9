"""Deploys every stack of an environment: `python -m scripts.deploy ENV OPTION…`, with options of `cdk deploy`.

`scoped-images build` builds all missing images at once, and pushes them without downloading their base images. The CLI
then builds none. In the environment `local` the CLI builds: its engine also runs the images, and need not pull them.
"""

from __future__ import annotations

import subprocess
import sys

ASSEMBLY = "cdk.out"


def main(env: str, *options: str) -> int:
    """Synthesize once, build if another machine runs the images, and deploy."""
    engine = _output(sys.executable, "-m", "scripts.engine_options", env).split()
    _run("cdk", "synth", "--quiet", "--output", ASSEMBLY, "-c", f"env={env}", *engine)
    if env != "local":
        _run("scoped-images", "build", "--app", ASSEMBLY, "--deploy-first")
    _run("cdk", "deploy", "--app", ASSEMBLY, "--all", *options)
    return 0


def _run(*command: str) -> None:
    code = subprocess.run(command, check=False).returncode
    if code:
        sys.exit(code)


def _output(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
