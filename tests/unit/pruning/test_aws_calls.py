"""A listing is whole or an error, and throttling is waited out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError

from scoped_images.pruning.answer import IncompleteListing
from scoped_images.pruning.aws_calls import AwsCalls
from tests.unit.pruning.model_calls import SESSION

MORE = {"nextToken": "more"}


def listed(
    *pages: dict[str, Any],
    service: str = "ecr",
    operation: str = "describe_images",
    key: str = "imageDetails",
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many items a listing of these pages has, and the requests."""
    aws = AwsCalls("eu-west-1", session=SESSION)
    left, requests = list(pages), []

    def answer(_name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        requests.append(parameters)
        return left.pop(0)

    aws.client(service)._make_api_call = answer
    return len(aws.list_parts(service, operation, key)), requests


def test_every_page_is_read_and_the_largest_is_asked_for() -> None:
    count, requests = listed({"imageDetails": [{}] * 1000, **MORE}, {"imageDetails": [{}] * 100})
    assert count == 1100
    assert requests == [{"maxResults": 1000}, {"maxResults": 1000, **MORE}]


def test_a_listing_for_which_botocore_has_no_paginator_is_whole_too() -> None:
    pages: tuple[dict[str, Any], ...] = ({"EventBuses": [{}], "NextToken": "more"}, {"EventBuses": [{}]})
    count, requests = listed(*pages, service="events", operation="list_event_buses", key="EventBuses")
    assert (count, [request.get("NextToken") for request in requests]) == (2, [None, "more"])


def test_an_empty_page_after_a_full_one_ends_the_listing() -> None:
    """A service that counts no further than the page promises one page too many."""
    assert listed({"imageDetails": [{}] * 1000, **MORE}, {"imageDetails": []})[0] == 1000


@pytest.mark.parametrize(
    ("pages", "problem"),
    [
        (
            [{"imageDetails": [{}], **MORE}, {"imageDetails": []}],
            " was cut short: after 1 items it promised more and sent an empty page",
        ),
        (
            [{"imageDetails": [], **MORE}, {"imageDetails": []}],
            " was cut short: after 0 items it promised more and sent an empty page",
        ),
        (
            [{"imageDetails": [{}], **MORE}] * 2,
            " would never end: it sent one token for the next page twice",
        ),
        (
            [{"imageDetails": [{}], "nextToken": token} for token in ("a", "b", "a")],
            " would never end: it sent one token for the next page twice",
        ),
    ],
)
def test_a_listing_that_is_cut_short_is_an_error(pages: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(IncompleteListing) as caught:
        listed(*pages)
    assert str(caught.value) == f"ecr describe_images in eu-west-1{problem}"


def test_an_endpoint_that_does_not_answer_is_an_error() -> None:
    aws = AwsCalls("eu-west-1", session=SESSION)

    def fail(*_: Any) -> Any:
        raise ConnectTimeoutError(endpoint_url="https://ecr")

    aws.client("ecr")._make_api_call = fail
    with pytest.raises(IncompleteListing, match="describe_images in eu-west-1: Connect timeout"):
        aws.call("ecr", "describe_images")


def test_throttling_that_passes_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real retries of botocore."""
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    aws = AwsCalls("eu-west-1", session=SESSION, attempts=3)
    bodies: list[dict[str, Any]] = [{"__type": "ThrottlingException", "message": "slow down"}] * 2 + [
        {"imageDetails": [{}]}
    ]

    def answer(request: Any, **_: Any) -> Any:
        body = bodies.pop(0)
        raw = _Raw(json.dumps(body).encode())
        return AWSResponse(request.url, 400 if "__type" in body else 200, {}, raw)

    aws.client("ecr").meta.events.register_first("before-send.ecr.DescribeImages", answer)
    assert len(aws.list_parts("ecr", "describe_images", "imageDetails", repositoryName="app")) == 1
    assert (bodies, len(pauses)) == ([], 2)


class _Raw:
    """The part of a urllib3 answer that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
