"""The container engine that the generated cases are built with."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_local_aws.engine import Engine, ensure_engine
from cdk_local_aws.private_engine import stop_engine

INSTALLED = Path(__file__).parents[2] / ".local/engine/installed"  # the same software as the project's own


@pytest.fixture(autouse=True)
def _engine_where_it_is_needed(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("engine"):
        request.getfixturevalue("engine")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The user's own Docker, else a private engine of the tests' own; `docker` finds it by the environment."""
    with tempfile.TemporaryDirectory(prefix="engine-") as state, pytest.MonkeyPatch.context() as environment:
        made = ensure_engine(state=Path(state), installed=INSTALLED, say=print)
        for name, value in made.environment().items():
            environment.setenv(name, value)
        yield made
        if made.private:
            stop_engine(Path(state))
