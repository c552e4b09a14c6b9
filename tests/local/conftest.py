"""A container engine for these tests, beside the developer's own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_local_aws.engine import Engine, Machine, ensure_engine, ensure_private_engine
from cdk_local_aws.private_engine import stop_engine
from tests.local.places import INSTALLED


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A private engine with an empty store where the machine takes one, else the user's own Docker."""
    state = Path(tempfile.mkdtemp(prefix="engine-"))
    ensure = ensure_private_engine if Machine.here().takes_private_engine() else ensure_engine
    yield ensure(state=state, installed=INSTALLED, say=print)
    stop_engine(state)
    shutil.rmtree(state)


@pytest.fixture
def said() -> list[str]:
    """What a function says to the user, when it is given this list's append."""
    return []
