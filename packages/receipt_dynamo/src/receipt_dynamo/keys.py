"""The keys of the table: one partition per receipt, one sparse index that lists the receipts."""

import re
from datetime import UTC, datetime

INDEX_NAME = "GSI1"
"""Keys only: whoever lists receipts reads each one with its labels from its own partition anyway."""

RECEIPT_SORT_KEY = "RECEIPT"
LABEL_PREFIX = "LABEL#"
INDEX_PARTITION = "RECEIPT"

RECEIPT_ID = re.compile(r"[0-9a-f]{32}")


def check_receipt_id(receipt_id: object) -> str:
    """The id itself; ValueError when it is not 32 hexadecimal digits."""
    if not isinstance(receipt_id, str) or not RECEIPT_ID.fullmatch(receipt_id):
        raise ValueError(f"receipt_id: must be 32 lower-case hexadecimal digits, got {receipt_id!r}")
    return receipt_id


def partition_key(receipt_id: str) -> str:
    return f"RECEIPT#{receipt_id}"


def label_sort_key(line: int, label: str) -> str:
    """Padded, because sort keys sort as text: line 10 must come after line 9."""
    return f"{LABEL_PREFIX}{line:04d}#{label}"


def index_sort_key(uploaded_at: datetime, receipt_id: str) -> str:
    """Time first, so that the index reads in order of upload; the id parts two uploads of one instant."""
    return f"{timestamp(uploaded_at)}#{receipt_id}"


def timestamp(moment: datetime) -> str:
    """UTC with six decimals always: a fixed width sorts as text the way it sorts as time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
