"""Waits for what other processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(condition: Callable[[], Value | None], *, seconds: float = 60) -> Value:
    """Return the condition's first true value; fail the test if it has none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


def answer(call: Callable[[], Value]) -> Value | None:
    """Return what the call returns, or None while a server does not answer."""
    try:
        return call()
    except OSError:  # and urllib's errors
        return None
