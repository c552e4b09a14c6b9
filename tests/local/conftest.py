"""Starts a container engine and an emulated AWS for these tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_local_aws.engine import Engine, Machine, ensure_engine, ensure_private_engine
from cdk_local_aws.private_engine import stop_engine
from tests.local.debian_registry import debian_registry
from tests.local.local_aws import LocalAws, local_aws
from tests.local.places import INSTALLED


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A private engine with an empty store if the machine can have one, else the user's own Docker."""
    state = Path(tempfile.mkdtemp(prefix="engine-"))
    ensure = ensure_private_engine if Machine.here().takes_private_engine() else ensure_engine
    yield ensure(state=state, installed=INSTALLED, say=print)
    stop_engine(state)
    shutil.rmtree(state)


@pytest.fixture(scope="session")
def local(engine: Engine) -> Iterator[LocalAws]:
    """An emulated AWS with this engine, which tests may stop and start again."""
    with local_aws(engine) as started:
        yield started


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's docker-registry on loopback."""
    with debian_registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture
def said() -> list[str]:
    """The lines that a function reports to the user, if it gets this list's append."""
    return []
