"""Prints the options that `cdk deploy` needs with this machine's engine: `python -m scripts.engine_options ENV`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scoped_images.command_line import main as scoped_images
from stacks.environment import AppEnvironment


def main() -> int:
    """Check the engine, unless AWS builds the images of the environment."""
    environments = json.loads(Path("cdk.json").read_text())["context"]["environments"]
    if AppEnvironment.read(environments, sys.argv[1]).builds_remotely:
        return 0
    return scoped_images(["engine", "--cdk-options"])


if __name__ == "__main__":
    sys.exit(main())
