"""The account, filled in on what moto lacks, and answers that go wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import botocore.client
import pytest

from tests.lambdas.emulated_aws import emulated_aws
from tests.lambdas.test_image_pruner.account import Cloud

# What moto lacks: a service here has no deployments beyond those that DescribeServices shows.
UNKNOWN_TO_MOTO: dict[str, dict[str, Any]] = {"ListServiceDeployments": {"serviceDeployments": []}}


def one_page(everything: Callable[[], Any], parameters: dict[str, Any]) -> Any:
    """What AWS would answer: moto sends all images at once, whatever page size it is asked for."""
    start = int(parameters.get("nextToken", 0))
    end = start + parameters.get("maxResults", 100)
    answer = everything()
    images = answer["imageDetails"]
    following = {"nextToken": str(end)} if end < len(images) else {}
    return {**answer, "imageDetails": images[start:end], **following}


def small_account(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An account with the empty repository `app`, while moto plays AWS."""
    # moto's CloudFormation imports its API Gateway, which imports a library of its own that nothing here uses.
    for name in ("", ".validation", ".validation.exceptions"):
        module = ModuleType(f"openapi_spec_validator{name}")
        module.__dict__.update(validate=None, OpenAPIValidationError=Exception)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    account = Cloud()
    real = botocore.client.BaseClient._make_api_call

    def call(self: Any, operation: str, parameters: Any) -> Any:
        if operation in UNKNOWN_TO_MOTO:
            return UNKNOWN_TO_MOTO[operation]
        if operation == "GetFunction" and parameters["Qualifier"] in account.version_codes:
            return {"Code": account.version_codes[parameters["Qualifier"]]}
        if operation == "DescribeImages":
            repository = parameters["repositoryName"]
            return one_page(
                lambda: account.listed or real(self, operation, {"repositoryName": repository}), parameters
            )
        return real(self, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    policy = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:*"}
        ]
    }
    boto3.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(policy))
    account.repository("app")
    return account


@pytest.fixture
def cloud(session: boto3.Session) -> Iterator[Cloud]:
    with emulated_aws(session) as monkeypatch:
        yield small_account(monkeypatch)


@pytest.fixture(scope="module")
def busy(session: boto3.Session) -> Iterator[Cloud]:
    """One account for all tests of a module that deletes nothing: each call of a run finds something in it."""
    with emulated_aws(session) as monkeypatch:
        account = small_account(monkeypatch)
        account.fill()
        yield account


@pytest.fixture
def inject(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Any], Any]], list[str]]:
    """Replace the answers of one operation; the list that it returns tells which calls were made."""

    def start(operation: str, answer: Callable[[Any], Any]) -> list[str]:
        real = botocore.client.BaseClient._make_api_call
        made: list[str] = []

        def call(self: Any, name: str, parameters: Any) -> Any:
            made.append(name)
            if name == operation:
                return answer(lambda: real(self, name, parameters))
            return real(self, name, parameters)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        return made

    return start
