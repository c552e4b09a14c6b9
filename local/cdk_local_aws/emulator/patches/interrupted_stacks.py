"""Ends the operations of stacks that a stop of the emulator interrupted.

Otherwise these stacks would stay "in progress", and every later deploy would wait for them.
"""

from __future__ import annotations

from collections.abc import Callable

from ministack import app as ministack_app
from ministack.services import cloudformation

# CDK creates a stack again after ROLLBACK_COMPLETE, and updates it after UPDATE_ROLLBACK_COMPLETE.
ENDED = {
    "CREATE_IN_PROGRESS": "ROLLBACK_COMPLETE",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_COMPLETE",
    "UPDATE_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
}


def apply(after_load: Callable[[], None]) -> None:
    """After the saved state is loaded, end interrupted operations, then call `after_load`."""
    stock_load = ministack_app._load_persisted_state

    def load() -> None:
        stock_load()
        end_interrupted()
        after_load()

    ministack_app._load_persisted_state = load


def end_interrupted() -> None:
    """Give each stack in progress the status of its failed operation."""
    for stack in cloudformation._stacks.all_values():
        status = stack.get("StackStatus", "")
        if status in ENDED:
            stack["StackStatus"] = ENDED[status]
            stack["StackStatusReason"] = f"The local AWS was stopped during {status}"
