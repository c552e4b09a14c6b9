"""Where the e2e tests keep and find things, and what makes a deployment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.e2e.deployment import Deployment

ROOT = Path(__file__).parents[2]
# pytest-xdist's workers run side by side, and each empties its image store.
STATE = ROOT / ".local" / "tests" / os.environ.get("PYTEST_XDIST_WORKER", "alone")

APPS = Path(__file__).with_name("apps")
NewDeployment = Callable[..., Deployment]
