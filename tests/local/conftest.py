"""Starts an emulated AWS and a registry for these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdk_local_aws.engine import Engine
from tests.local.debian_registry import debian_registry
from tests.local.local_aws import LocalAws, local_aws


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
