"""Reads and writes receipts and labels; nothing here scans the table."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import boto3
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
BATCH_SIZE = 25
"""The limit of BatchWriteItem (DynamoDB API reference)."""
BATCH_ATTEMPTS = 8


class ReceiptExistsError(Exception):
    """A receipt of this id is already in the table; it was left as it is."""


@dataclass(frozen=True)
class Page:
    """Some receipts, newest first, and the cursor of the next page; no cursor on the last one."""

    receipts: tuple[LabelledReceipt, ...]
    cursor: str | None


@dataclass(frozen=True)
class ReceiptTable:
    """One DynamoDB table through a boto3 DynamoDB client."""

    client: Any
    name: str

    @classmethod
    def connect(cls, name: str) -> Self:
        """Connect with boto3's region and credentials."""
        return cls(boto3.client("dynamodb"), name)

    def put_receipt(self, receipt: Receipt) -> None:
        """Write a new receipt. Raises ReceiptExistsError if it exists."""
        try:
            self.client.put_item(
                TableName=self.name, Item=receipt.to_item(), ConditionExpression="attribute_not_exists(PK)"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise ReceiptExistsError(f"receipt {receipt.receipt_id} is already in {self.name}") from error

    def get_receipt(self, receipt_id: str) -> LabelledReceipt | None:
        """Return the receipt with its labels, read consistently, or None if it does not exist."""
        items = self._partition(check_receipt_id(receipt_id))
        receipts = [item for item in items if item["SK"]["S"] == RECEIPT_SORT_KEY]
        if not receipts:
            return None
        labels = tuple(
            ReceiptLabel.from_item(item) for item in items if item["SK"]["S"].startswith(LABEL_PREFIX)
        )
        return LabelledReceipt(receipt=Receipt.from_item(receipts[0]), labels=labels)

    def list_receipts(self, *, limit: int = 20, cursor: str | None = None) -> Page:
        """Return a page of receipts, newest first. Raises CursorError for an invalid cursor."""
        if not 1 <= limit <= MAX_PAGE:
            raise ValueError(f"limit: must be 1 to {MAX_PAGE}, got {limit}")
        start = {"ExclusiveStartKey": decode_cursor(cursor)} if cursor is not None else {}
        answer = self.client.query(
            TableName=self.name,
            IndexName=INDEX_NAME,
            KeyConditionExpression="GSI1PK = :receipts",
            ExpressionAttributeValues={":receipts": {"S": INDEX_PARTITION}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        listed = [
            self.get_receipt(item["PK"]["S"].removeprefix(partition_key(""))) for item in answer["Items"]
        ]
        last = answer.get("LastEvaluatedKey")
        return Page(
            receipts=tuple(found for found in listed if found is not None),
            cursor=encode_cursor(last["GSI1SK"]["S"]) if last else None,
        )

    def replace_labels(self, receipt_id: str, labels: Iterable[ReceiptLabel]) -> None:
        """Replace all labels of the receipt. A repetition changes nothing.

        Writes come before removals, so that a concurrent reader sees too many labels rather than none.
        """
        puts = {str(item["SK"]["S"]): item for item in (label.to_item() for label in labels)}
        partition = {"S": partition_key(check_receipt_id(receipt_id))}
        if strangers := [item["PK"]["S"] for item in puts.values() if item["PK"] != partition]:
            raise ValueError(f"labels: must be of receipt {receipt_id}, got {strangers[0]}")
        stale = [
            {"PK": item["PK"], "SK": item["SK"]}
            for item in self._partition(receipt_id)
            if item["SK"]["S"].startswith(LABEL_PREFIX) and item["SK"]["S"] not in puts
        ]
        self._batch_write([{"PutRequest": {"Item": item}} for item in puts.values()])
        self._batch_write([{"DeleteRequest": {"Key": key}} for key in stale])

    def _partition(self, receipt_id: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression="PK = :receipt",
            ExpressionAttributeValues={":receipt": {"S": partition_key(receipt_id)}},
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]

    def _batch_write(self, requests: list[dict[str, Any]]) -> None:
        """Write in batches, and send again what DynamoDB reports as unprocessed under load."""
        for start in range(0, len(requests), BATCH_SIZE):
            left = requests[start : start + BATCH_SIZE]
            for attempt in range(BATCH_ATTEMPTS):
                answer = self.client.batch_write_item(RequestItems={self.name: left})
                left = answer.get("UnprocessedItems", {}).get(self.name, [])
                if not left:
                    break
                time.sleep(0.05 * 2**attempt)
            else:
                raise RuntimeError(
                    f"{self.name} left {len(left)} label writes undone after {BATCH_ATTEMPTS} attempts"
                )
