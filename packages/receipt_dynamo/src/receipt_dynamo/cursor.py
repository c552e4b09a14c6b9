"""The cursor that a client hands back to read the next page of receipts."""

import base64
import binascii
from datetime import datetime

from receipt_dynamo.keys import (
    INDEX_PARTITION,
    RECEIPT_ID,
    RECEIPT_SORT_KEY,
    index_sort_key,
    partition_key,
)


class CursorError(ValueError):
    """The cursor is not one that this table handed out."""


def encode_cursor(index_key: str) -> str:
    """The last sort key read, safe in a URL. The other keys follow from it, so it can name nothing else."""
    return base64.urlsafe_b64encode(index_key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> dict[str, str]:
    """The start key for DynamoDB; CursorError for anything that `encode_cursor` would not write."""
    try:
        index_key = base64.b64decode(
            cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
        moment, _, receipt_id = index_key.partition("#")
        canonical = index_sort_key(datetime.fromisoformat(moment), receipt_id)
    except (binascii.Error, ValueError, OverflowError):
        canonical = index_key = receipt_id = ""
    if not RECEIPT_ID.fullmatch(receipt_id) or canonical != index_key:
        raise CursorError(f"cursor: must be the cursor of the page before, unchanged, got {cursor[:80]!r}")
    return {
        "PK": partition_key(receipt_id),
        "SK": RECEIPT_SORT_KEY,
        "GSI1PK": INDEX_PARTITION,
        "GSI1SK": index_key,
    }
