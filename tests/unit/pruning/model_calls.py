"""The pruner's calls and settings for an account in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3

from scoped_images.pruning.answer import Answer
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.settings import PrunerSettings
from tests.unit.pruning.account_model import PAGE, REGION, Account

_SESSION = boto3.Session("key", "secret", region_name=REGION)


class ModelCalls(AwsCalls):
    """Calls that reach an Account, one after another so that a failure can be repeated."""

    def __init__(self, account: Account, **options: Any) -> None:
        super().__init__(REGION, session=_SESSION, threads=1, **options)
        self._account = account

    def pages(self, *call: str, **parameters: Any) -> Iterator[Answer]:
        return super().pages(*call, **{**parameters, "page_size": PAGE})

    def client(self, service: str) -> Any:  # noqa: ARG002 - operations of two services have different names
        return _Client(self._account)


class _Client:
    def __init__(self, account: Account) -> None:
        self._account = account

    def can_paginate(self, _operation: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> Any:
        return lambda **parameters: self._account.answer(operation, parameters)


def settings_of(account: Account, **changes: Any) -> PrunerSettings:
    retention = Retention(
        **{
            "max_images": 1,
            "min_age_days": 1,
            "untagged_days": 1,
            "rollback_window": 1,
            **changes.pop("limits", {}),
        }
    )
    given = {"environment": "test", "repositories": account.repositories(), "regions": (REGION,), "bases": ()}
    return PrunerSettings(**{**given, "retention": retention, "delete": True, **changes})
