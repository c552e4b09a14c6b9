"""The pruner's calls and settings for an account in memory."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3

from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.report import Report
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.run import prune
from scoped_images.pruning.settings import PrunerSettings
from tests.unit.pruning.account_model import NOW, REGION, Account

SESSION = boto3.Session("key", "secret", region_name=REGION)
_client = cache(SESSION.client)


class ModelCalls(AwsCalls):
    """Calls that reach an Account, one after another so that a failure can be repeated."""

    def __init__(self, account: Account, **options: Any) -> None:
        super().__init__(REGION, session=SESSION, threads=1, **options)
        self._account = account

    def client(self, service: str) -> Any:
        client = _client(service)
        account = self._account.elsewhere.get(self.region, self._account)
        # The last step before HTTP, so that botocore's paginators work as they do with AWS.
        client._make_api_call = lambda name, parameters: account.answer(client, name, parameters)
        return client


def settings_of(account: Account, **changes: Any) -> PrunerSettings:
    """Return settings with the shortest limits; `limits` replaces some of them, and `changes` other settings."""
    limits = {"max_images": 1, "min_age_days": 1, "untagged_days": 1, "rollback_window": 1}
    given = {
        "environment": "test",
        "repositories": account.repositories(),
        "regions": (REGION,),
        "bases": (),
        "retention": Retention(**{**limits, **changes.pop("limits", {})}),
        "delete": True,
    }
    return PrunerSettings(**{**given, **changes})


def run(account: Account, *, seconds_left: Any = None, **changes: Any) -> Report:
    """Prune the account once."""
    calls = ModelCalls(account, seconds_left=seconds_left)
    return prune(calls, settings_of(account, **changes), now=NOW)


def why(report: Report) -> dict[str, str]:
    """Return the reasons of the images that stay, by tag."""
    return {image.name: reason for image, reason in report.kept}
