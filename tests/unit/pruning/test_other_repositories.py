"""The pruner reads and deletes images of the repositories in its settings, and of no others in the account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.pruning.account_model import Account, tag
from tests.unit.pruning.busy_account import run


def test_a_repository_of_another_team_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    for number in range(3):
        account.push("app", number, tag(number), days=100 - number)
        account.push("theirs", number, tag(number), days=100 - number)
    answer = account.answer
    calls: list[tuple[str, str]] = []

    def recorded(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        calls.append((operation, parameters.get("repositoryName", "")))
        return answer(operation, parameters)

    monkeypatch.setattr(account, "answer", recorded)
    run(account, repositories=("app",))
    assert {("describe_images", "app"), ("batch_delete_image", "app")} <= set(calls)
    assert {repository for _, repository in calls} == {"", "app"}
    assert len(account.deleted) == 2
    assert [repository for repository, _ in account.images].count("theirs") == 3
