"""Reads and writes receipts and labels; nothing here scans the table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from receipt_dynamo.cursor import decode_cursor, encode_cursor
from receipt_dynamo.entities import LabelledReceipt, Receipt, ReceiptLabel
from receipt_dynamo.keys import (
    INDEX_NAME,
    INDEX_PARTITION,
    LABEL_PREFIX,
    RECEIPT_SORT_KEY,
    check_receipt_id,
    partition_key,
)

MAX_PAGE = 50


class ReceiptExistsError(Exception):
    """A receipt of this id is already in the table; it was left as it is."""


@dataclass(frozen=True)
class Page:
    """Some receipts, newest first, and the cursor of the next page; no cursor on the last one."""

    receipts: tuple[LabelledReceipt, ...]
    cursor: str | None


@dataclass(frozen=True)
class ReceiptTable:
    """One DynamoDB table. table: boto3's resource."""

    table: Any

    @classmethod
    def connect(cls, name: str) -> Self:
        """Connect with boto3's region and credentials."""
        return cls(boto3.resource("dynamodb").Table(name))

    @property
    def name(self) -> str:
        """Return the table's name."""
        name: str = self.table.name
        return name

    def put_receipt(self, receipt: Receipt) -> None:
        """Write a new receipt. Raises ReceiptExistsError if it exists."""
        try:
            self.table.put_item(Item=receipt.to_item(), ConditionExpression=Attr("PK").not_exists())
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise ReceiptExistsError(f"receipt {receipt.receipt_id} is already in {self.name}") from error

    def get_receipt(self, receipt_id: str) -> LabelledReceipt | None:
        """Return the receipt with its labels, read consistently, or None if it does not exist."""
        items = self._partition(check_receipt_id(receipt_id))
        receipts = [item for item in items if item["SK"] == RECEIPT_SORT_KEY]
        if not receipts:
            return None
        labels = tuple(ReceiptLabel.from_item(item) for item in items if item["SK"].startswith(LABEL_PREFIX))
        return LabelledReceipt(receipt=Receipt.from_item(receipts[0]), labels=labels)

    def list_receipts(self, *, limit: int = 20, cursor: str | None = None) -> Page:
        """Return a page of receipts, newest first. Raises CursorError for an invalid cursor."""
        if not 1 <= limit <= MAX_PAGE:
            raise ValueError(f"limit: must be 1 to {MAX_PAGE}, got {limit}")
        start = {"ExclusiveStartKey": decode_cursor(cursor)} if cursor is not None else {}
        answer = self.table.query(
            IndexName=INDEX_NAME,
            KeyConditionExpression=Key("GSI1PK").eq(INDEX_PARTITION),
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        listed = [self.get_receipt(item["PK"].removeprefix(partition_key(""))) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        return Page(
            receipts=tuple(found for found in listed if found is not None),
            cursor=encode_cursor(last["GSI1SK"]) if last else None,
        )

    def replace_labels(self, receipt_id: str, labels: Iterable[ReceiptLabel]) -> None:
        """Replace all labels of the receipt. A repetition changes nothing.

        Writes come before removals, so that a concurrent reader sees too many labels rather than none.
        """
        puts = {item["SK"]: item for item in (label.to_item() for label in labels)}
        partition = partition_key(check_receipt_id(receipt_id))
        if strangers := [item["PK"] for item in puts.values() if item["PK"] != partition]:
            raise ValueError(f"labels: must be of receipt {receipt_id}, got {strangers[0]}")
        stale = [
            {"PK": item["PK"], "SK": item["SK"]}
            for item in self._partition(receipt_id)
            if item["SK"].startswith(LABEL_PREFIX) and item["SK"] not in puts
        ]
        with self.table.batch_writer() as batch:
            for item in puts.values():
                batch.put_item(Item=item)
        with self.table.batch_writer() as batch:
            for key in stale:
                batch.delete_item(Key=key)

    def _partition(self, receipt_id: str) -> list[dict[str, Any]]:
        pages = self.table.meta.client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression=Key("PK").eq(partition_key(receipt_id)),
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]
