"""Delays the answer about a stack in progress for a few seconds, or until the stack is done.

The CDK CLI asks once, and then every five seconds (aws-cdk, `waitFor`). Most stacks here are done earlier.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudformation

PATIENCE_SECONDS = 4.0
POLL_SECONDS = 0.05

# REVIEW_IN_PROGRESS is a change set that was not executed yet.
UNDER_WAY = re.compile(rb"<StackStatus>(?!REVIEW_)\w+_IN_PROGRESS</StackStatus>")


def apply() -> None:
    """Delay answers about one stack."""
    stock = cloudformation.handle_request

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> tuple[int, Any, Any]:
        answer: tuple[int, Any, Any] = await stock(method, path, headers, body, query_params)
        deadline = time.monotonic() + PATIENCE_SECONDS
        one_stack = b"Action=DescribeStacks" in body and b"StackName=" in body
        while one_stack and under_way(answer[2]) and time.monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)
            answer = await stock(method, path, headers, body, query_params)
        return answer

    cloudformation.handle_request = handle_request


def under_way(answer: bytes | str) -> bool:
    """Return whether the answer says that the stack is being created, changed or deleted."""
    return bool(UNDER_WAY.search(answer if isinstance(answer, bytes) else answer.encode()))
