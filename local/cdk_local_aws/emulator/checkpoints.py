"""Saves the emulator's state every few seconds. Stock ministack saves only at its end."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ministack import app as ministack_app
from ministack.core.persistence import save_state

from cdk_local_aws.emulator.asgi import Application, Receive, Scope, Send

logger = logging.getLogger("checkpoints")

INTERVAL = 5.0
ATTEMPTS = 5


class Checkpoints:
    """ASGI application that saves a few seconds after a request that may change something."""

    def __init__(self, behind: Application) -> None:
        self._behind = behind
        self._changed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            self._changed = True
        await self._behind(scope, receive, send)

    async def run(self) -> None:
        """Save in a thread every few seconds, if there was a change."""
        while True:
            await asyncio.sleep(INTERVAL)
            if self._changed:
                self._changed = False
                await asyncio.to_thread(save_all)


def save_all() -> None:
    """Save the state of each service."""
    for name, get_state in ministack_app._build_persistence_save_dict().items():
        state = copied(name, get_state)
        if state is not None:
            save_state(name, state)


def copied(name: str, get_state: Any) -> Any:
    """Copy a service's state; return None if requests changed it during each of several attempts."""
    for _ in range(ATTEMPTS):
        try:
            return get_state()
        except RuntimeError as error:  # "dictionary changed size during iteration"
            reason = error
    logger.warning("state of %s is not in this checkpoint: %s", name, reason)
    return None
