"""Stores the image of a receipt in S3 and the lines recognised on it in DynamoDB."""

import base64
import binascii
import functools
import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import boto3

from receipt_dynamo import Receipt, ReceiptExistsError, ReceiptTable

FIRST_BYTES = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


@dataclass(frozen=True)
class Upload:
    """A checked event: the image's bytes and the lines of text recognised on it."""

    image: bytes
    content_type: str
    lines: tuple[str, ...]

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Self:
        """Check the event. Raises ValueError that names the key and what it must be."""
        keys = {"image_base64", "content_type", "lines"}
        if not isinstance(event, dict) or set(event) != keys:
            got = ", ".join(sorted(map(str, event))) if isinstance(event, dict) else type(event).__name__
            raise ValueError(f"event: must have {', '.join(sorted(keys))}, got {got or 'nothing'}")
        if not isinstance(event["lines"], list):
            raise ValueError(f"lines: must be a list of text lines, got {event['lines']!r}")
        content_type = event["content_type"]
        if not isinstance(content_type, str) or content_type not in FIRST_BYTES:
            raise ValueError(f"content_type: must be {' or '.join(FIRST_BYTES)}, got {content_type!r}")
        try:
            image = base64.b64decode(event["image_base64"], validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise ValueError(f"image_base64: must be the image in base64, got: {error}") from error
        if not image.startswith(FIRST_BYTES[content_type]):
            raise ValueError(f"image_base64: its first bytes {image[:8]!r} are not those of {content_type}")
        return cls(image, content_type, tuple(event["lines"]))

    @property
    def receipt_id(self) -> str:
        """Return an id derived from the image, so that a retry does not write a second receipt."""
        return hashlib.sha256(self.image).hexdigest()[:32]


def store(upload: Upload, *, table: ReceiptTable, s3: Any, bucket: str, now: datetime) -> Receipt:
    """Store the image, then the row that refers to it. A repeated upload returns the same receipt."""
    receipt = Receipt(
        receipt_id=upload.receipt_id, content_type=upload.content_type, lines=upload.lines, uploaded_at=now
    )
    s3.put_object(Bucket=bucket, Key=receipt.image_key, Body=upload.image, ContentType=upload.content_type)
    try:
        table.put_receipt(receipt)
    except ReceiptExistsError:
        stored = table.get_receipt(receipt.receipt_id)
        if stored is None or stored.receipt.lines != receipt.lines:
            raise ValueError(
                f"lines: receipt {receipt.receipt_id} of this image has other lines; nothing was changed"
            ) from None
        return stored.receipt
    return receipt


@functools.cache
def _resources() -> tuple[ReceiptTable, Any, str]:
    """Return table and bucket; each execution environment connects once."""
    return ReceiptTable.connect(os.environ["TABLE_NAME"]), boto3.client("s3"), os.environ["BUCKET_NAME"]


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Take `{"image_base64", "content_type", "lines"}` and return `{"receipt_id"}`."""
    upload = Upload.from_event(event)
    table, s3, bucket = _resources()
    receipt = store(upload, table=table, s3=s3, bucket=bucket, now=datetime.now(UTC))
    return {"receipt_id": receipt.receipt_id}
