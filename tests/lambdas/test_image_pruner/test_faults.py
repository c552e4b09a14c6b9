"""Faults around a deletion, and listings of a thousand images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.run import make_plan, prune
from tests.lambdas.test_image_pruner.account import REGION, Cloud, calls, error, run, settings


def test_a_deletion_that_fails_is_reported_and_ends_the_run(cloud: Cloud, inject: Any) -> None:
    cloud.push_many(102)

    def fail(_real: Any) -> Any:
        raise error("ThrottlingException")

    made = inject("BatchDeleteImage", fail)
    report = run()
    assert (report.outcome, report.deleted) == ("failed", [])
    assert "ThrottlingException" in report.problems[0]
    assert made.count("BatchDeleteImage") == 1
    assert len(report.left) == len(report.selected) > 100


def test_a_missing_repository_of_dependents_deletes_nothing(cloud: Cloud) -> None:
    cloud.push_many(4)
    report = prune(calls(), settings(dependents=("nowhere",)))
    assert report.problems == ["dependents: no such repository, got 'nowhere'; correct or remove the name"]
    assert report.deleted == []


def test_an_empty_page_after_a_full_one_ends_the_listing(cloud: Cloud, inject: Any) -> None:
    """A service that counts no further than the page promises one page too many."""
    cloud.list_many(1000)

    def promise_too_much(real: Any) -> Any:
        return (
            {"imageDetails": []} if made.count("DescribeImages") % 2 == 0 else {**real(), "nextToken": "more"}
        )

    made = inject("DescribeImages", promise_too_much)
    report = run(delete=False)
    assert (report.outcome, len(report.selected)) == ("done", 999)


def test_a_listing_that_returns_one_token_twice_fails(cloud: Cloud, inject: Any) -> None:
    cloud.push_many(3)
    inject("DescribeImages", lambda _real: {"imageDetails": [{}], "nextToken": "again"})
    report = run()
    assert report.problems == ["ecr describe_images in eu-west-1 was cut short: it returned one token twice"]


def test_every_page_of_a_long_listing_is_read(cloud: Cloud) -> None:
    """1,100 images: one page of a thousand and one more."""
    cloud.list_many(1100)
    made: list[tuple[str, str]] = []
    plan = make_plan(calls(on_call=lambda *call: made.append(call)), settings(delete=False))
    assert len(plan.images) == 1100
    assert made.count(("ecr", "describe_images")) == 2
    assert len(plan.selection.deleted) == 1099


def test_an_image_that_ecr_refuses_to_delete_fails_the_run_and_the_rest_goes(
    cloud: Cloud, inject: Any
) -> None:
    cloud.push_many(3)
    refused = {"imageDigest": cloud.digests["sha-001"]}
    failure = {
        "imageId": refused,
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": "in index",
    }
    inject("BatchDeleteImage", lambda _real: {"imageIds": [], "failures": [failure]})
    report = run()
    assert report.outcome == "failed"
    assert [image.tags[0] for image in report.deleted] == ["sha-000"]
    assert report.spared[0][1] == "ImageReferencedByManifestList: in index"


def test_throttling_that_passes_is_waited_out(cloud: Cloud) -> None:
    """The real retries of botocore, on answers that never reach moto."""
    cloud.push_many(3)
    aws = AwsCalls(REGION, session=boto3.DEFAULT_SESSION, attempts=4)
    refused: list[str] = []

    def refuse(request: Any, **_: Any) -> Any:
        if len(refused) < 2:
            refused.append(request.url)
            body = json.dumps({"__type": "ThrottlingException", "message": "slow down"}).encode()
            return AWSResponse(request.url, 400, {}, _Raw(body))
        return None

    aws.client("ecr").meta.events.register_first("before-send.ecr.DescribeImages", refuse)
    report = prune(aws, settings())
    assert len(refused) == 2
    assert (report.outcome, cloud.tags()) == ("done", {"sha-002"})


class _Raw:
    """The part of a urllib3 answer that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
