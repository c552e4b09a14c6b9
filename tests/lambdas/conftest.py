"""A table, a bucket and a secret in moto, in process; the handlers under their own names."""

import base64
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.create_labels import handler as create_labels_handler
from lambdas.upload_images import handler as upload_images_handler
from receipt_dynamo import ReceiptTable
from receipt_dynamo.keys import INDEX_NAME
from tests.lambdas.receipts import JPEG

TABLE_NAME = "receipts-test"
BUCKET_NAME = "receipt-images-test"


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One for all tests: to read a service's model takes longer than most tests take."""
    return boto3.Session("test", "test", region_name="eu-west-1")


@pytest.fixture
def aws(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS in this process, without an endpoint, profile or file of the person who runs the tests."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        yield


@pytest.fixture
def table(aws: None) -> ReceiptTable:
    """An empty table with the keys and the index that the stack gives it."""
    boto3.client("dynamodb").create_table(
        TableName=TABLE_NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK", "GSI1PK", "GSI1SK")
        ],
        KeySchema=_keys("PK", "SK"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX_NAME,
                "KeySchema": _keys("GSI1PK", "GSI1SK"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return ReceiptTable.connect(TABLE_NAME)


def _keys(partition: str, sort: str) -> Any:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


@pytest.fixture
def bucket(aws: None) -> Any:
    """An empty bucket, through boto3's resource for short reading."""
    return boto3.resource("s3").create_bucket(
        Bucket=BUCKET_NAME, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )


@pytest.fixture
def upload_images(table: ReceiptTable, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler's module as in a fresh execution environment."""
    monkeypatch.setenv("TABLE_NAME", TABLE_NAME)
    monkeypatch.setenv("BUCKET_NAME", BUCKET_NAME)
    upload_images_handler._resources.cache_clear()
    return upload_images_handler


@pytest.fixture
def create_labels(table: ReceiptTable, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler's module as in a fresh execution environment."""
    monkeypatch.setenv("TABLE_NAME", TABLE_NAME)
    create_labels_handler._table.cache_clear()
    return create_labels_handler


@pytest.fixture
def upload_event() -> dict[str, Any]:
    """What a client sends for one receipt."""
    return {
        "image_base64": base64.b64encode(JPEG).decode(),
        "content_type": "image/jpeg",
        "lines": ["CORNER SHOP", "2026-11-20 14:05", "MILK 1.20", "TOTAL 1.20"],
    }
