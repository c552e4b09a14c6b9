"""The container engine that the generated cases are built with."""

from __future__ import annotations

import pytest

from cdk_local_aws.engine import Engine


@pytest.fixture(autouse=True)
def _docker_finds_the_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("engine"):
        engine: Engine = request.getfixturevalue("engine")
        for name, value in engine.environment().items():
            monkeypatch.setenv(name, value)
