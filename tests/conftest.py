"""What every test shares."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cdk_local_aws.engine import Engine, Machine, ensure_engine, ensure_private_engine
from cdk_local_aws.private_engine import stop_engine
from scoped_images.image.ci_source import SYSTEMS

LOCAL = Path(__file__).parents[1] / ".local"

# CloudFormation validation takes 2-4 s for each app; one test of its own keeps it on.
os.environ.setdefault("CDK_VALIDATION", "false")
# CI's own variables must not decide whether the builds under test write their caches.
for system in SYSTEMS:
    for name in (system.pull_request, system.branch, system.tag, system.main_branch, system.event):
        os.environ.pop(name or "", None)

# A change must not fail for a case that it did not cause: other cases than the usual ones, and many, belong to
# nightly runs (`make fuzz`).
FUZZ = int(os.environ.get("SCOPED_IMAGES_FUZZ", "0"))
NIGHTLY = FUZZ or "SCOPED_IMAGES_WORLDS" in os.environ
settings.register_profile(
    "scoped_images", derandomize=not NIGHTLY, deadline=None, database=None, max_examples=FUZZ or 40
)
settings.load_profile("scoped_images")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A private engine if the machine can have one, whose image store tests may empty; else the user's own Docker."""
    # pytest-xdist's workers run side by side.
    state = LOCAL / "tests" / os.environ.get("PYTEST_XDIST_WORKER", "alone") / "engine"
    shutil.rmtree(state / "client", ignore_errors=True)  # with the builders of an earlier run
    ensure = ensure_private_engine if Machine.here().takes_private_engine() else ensure_engine
    yield ensure(state=state, installed=LOCAL / "engine/installed", say=print)
    stop_engine(state)
