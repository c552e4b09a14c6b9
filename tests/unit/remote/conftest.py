"""Fixtures of these tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.unit.remote.stubbed_aws import (
    StubbedAws,
)


@pytest.fixture
def stubbed_aws() -> Iterator[StubbedAws]:
    """Every expected call must have come when the test ends."""
    aws = StubbedAws()
    with contextlib.ExitStack() as stack:
        for stub in aws.stubs.values():
            stack.enter_context(stub)
        yield aws
        for stub in aws.stubs.values():
            stub.assert_no_pending_responses()
