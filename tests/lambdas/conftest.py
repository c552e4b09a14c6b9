"""A table, a bucket and a secret in moto, in process; the handlers under their own names."""

import base64
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

from lambdas.create_labels import handler as create_labels_handler
from lambdas.upload_images import handler as upload_images_handler
from receipt_dynamo import ReceiptTable
from receipt_dynamo.keys import INDEX_NAME
from tests.lambdas.emulated_aws import emulated_aws, use_dummy_keys
from tests.lambdas.receipts import JPEG

TABLE_NAME = "receipts-test"
BUCKET_NAME = "receipt-images-test"


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Make each client once for all tests: to make one takes longer than most tests take."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_dummy_keys(monkeypatch)
        session = boto3.Session()
    clients: dict[str, Any] = {}

    def client(service: str, region_name: str | None = None, config: Any = None, **options: Any) -> Any:
        key = f"{service} {region_name} {config and sorted(vars(config).items())} {options}"
        if key not in clients:
            clients[key] = make(service, region_name=region_name, config=config, **options)
        return clients[key]

    make, session.client = session.client, client
    return session


@pytest.fixture
def aws(session: boto3.Session) -> Iterator[None]:
    with emulated_aws(session):
        yield


@pytest.fixture
def table(aws: None) -> ReceiptTable:
    """An empty table with the keys and the index that the stack gives it."""
    client = boto3.client("dynamodb")
    client.create_table(
        TableName=TABLE_NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK", "GSI1PK", "GSI1SK")
        ],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX_NAME,
                "KeySchema": [
                    {"AttributeName": "GSI1PK", "KeyType": "HASH"},
                    {"AttributeName": "GSI1SK", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return ReceiptTable(client, TABLE_NAME)


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
