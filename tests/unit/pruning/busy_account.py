"""An account with one of everything, and answers that are changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoped_images.pruning.report import Report
from scoped_images.pruning.run import prune
from tests.unit.pruning.account_model import HOST, NOW, Account, Service, Stack, tag, uri
from tests.unit.pruning.model_calls import ModelCalls, settings_of


def busy_account() -> Account:
    """One of everything, each with an image of its own, and three unused images."""
    account = Account()
    for number in range(20):
        account.push("app", number, tag(number), days=100 - number)
    account.functions["f"] = {"$LATEST": (f"{HOST}/app:{tag(1)}", uri("app", 1))}
    (job,) = account.family("job", [uri("app", 3)])
    (api,) = account.family("api", [uri("app", 5)])
    account.tasks = [(job, uri("app", 7))]
    account.services = [Service(name="api", deployed=[api], released=[api])]
    account.rules = [job]
    account.schedules = [(job, True), (job, False)]
    account.stacks = [Stack(name="s", words=[tag(9)], parameters=["x"], waiting=([tag(11)], [tag(13)]))]
    return account


def run(account: Account, **changes: Any) -> Report:
    return prune(ModelCalls(account), settings_of(account, **changes), now=NOW)


def answers(account: Account, operation: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Pass each answer of one operation through `change`, which may also change it in place."""
    real = getattr(account, operation)

    def changed(**parameters: Any) -> Any:
        answer = real(**parameters)
        return change(answer) or answer

    setattr(account, operation, changed)


def without(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Remove the value at `path`."""

    def change(answer: dict[str, Any]) -> None:
        holder: Any = answer
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]

    return change


def value(new: Any, *path: Any) -> Callable[[dict[str, Any]], None]:
    """Replace the value at `path`."""

    def change(answer: dict[str, Any]) -> None:
        holder: Any = answer
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = new

    return change
