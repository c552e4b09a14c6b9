"""The environment of a process that a test starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def bare_environment(*, path: Sequence[str] = ("/usr/bin", "/bin"), **variables: str) -> dict[str, str]:
    """Return an environment without credentials, endpoints or settings of the person who runs the tests.

    path: the folders after this Python's own.
    """
    # Without it, each process compiles CDK anew, which takes five seconds.
    compiled = os.environ.get("PYTHONPYCACHEPREFIX")
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), *path]),
        "HOME": str(Path.home()),  # jsii unpacks CDK below it, once for all runs
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **({"PYTHONPYCACHEPREFIX": compiled} if compiled else {}),
        **variables,
    }
