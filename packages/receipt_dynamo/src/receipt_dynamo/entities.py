"""The entities of the table: receipts, and labels of their lines."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from receipt_dynamo.keys import (
    INDEX_PARTITION,
    RECEIPT_SORT_KEY,
    check_receipt_id,
    index_sort_key,
    label_sort_key,
    partition_key,
    timestamp,
)

LABELS = ("MERCHANT_NAME", "DATE", "TIME", "LINE_ITEM", "SUBTOTAL", "TAX", "GRAND_TOTAL", "PAYMENT")
CONTENT_TYPES = {"image/jpeg": "jpg", "image/png": "png"}
MAX_LINES = 1000
MAX_TEXT_BYTES = 300_000
"""DynamoDB refuses an item over 400 KB (its "Quotas" page); this leaves room for keys and list overhead."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """An uploaded receipt: its image in the bucket and the lines of text recognised on it."""

    receipt_id: str
    content_type: str
    lines: tuple[str, ...]
    uploaded_at: datetime

    def __post_init__(self) -> None:
        check_receipt_id(self.receipt_id)
        if self.content_type not in CONTENT_TYPES:
            raise ValueError(f"content_type: must be {' or '.join(CONTENT_TYPES)}, got {self.content_type!r}")
        if self.uploaded_at.tzinfo is None:
            raise ValueError(
                f"uploaded_at: must be a time with a time zone, got {self.uploaded_at.isoformat()}"
            )
        _check_lines(self.lines)

    @property
    def image_key(self) -> str:
        """Return the image's key in the bucket."""
        return f"receipts/{self.receipt_id}.{CONTENT_TYPES[self.content_type]}"

    def to_item(self) -> dict[str, Any]:
        return {
            "PK": partition_key(self.receipt_id),
            "SK": RECEIPT_SORT_KEY,
            "GSI1PK": INDEX_PARTITION,
            "GSI1SK": index_sort_key(self.uploaded_at, self.receipt_id),
            "receipt_id": self.receipt_id,
            "content_type": self.content_type,
            "lines": list(self.lines),
            "uploaded_at": timestamp(self.uploaded_at),
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> Self:
        return cls(
            receipt_id=item["receipt_id"],
            content_type=item["content_type"],
            lines=tuple(item["lines"]),
            uploaded_at=datetime.fromisoformat(item["uploaded_at"]),
        )


@dataclass(frozen=True, kw_only=True)
class ReceiptLabel:
    """What one line of a receipt says: `value` is the merchant's name, an ISO date or time, or an amount."""

    receipt_id: str
    line: int
    label: str
    value: str

    def __post_init__(self) -> None:
        check_receipt_id(self.receipt_id)
        if not 0 <= self.line < MAX_LINES:
            raise ValueError(f"line: must be 0 to {MAX_LINES - 1}, got {self.line}")
        if self.label not in LABELS:
            raise ValueError(f"label: must be one of {', '.join(LABELS)}, got {self.label!r}")
        if not self.value:
            raise ValueError(f"value: must not be empty, got '' for {self.label} of line {self.line}")

    def to_item(self) -> dict[str, Any]:
        return {
            "PK": partition_key(self.receipt_id),
            "SK": label_sort_key(self.line, self.label),
            "receipt_id": self.receipt_id,
            "line": self.line,
            "label": self.label,
            "value": self.value,
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> Self:
        return cls(
            receipt_id=item["receipt_id"],
            line=int(item["line"]),
            label=item["label"],
            value=item["value"],
        )


@dataclass(frozen=True, kw_only=True)
class LabelledReceipt:
    """A receipt with its labels in the order of its lines."""

    receipt: Receipt
    labels: tuple[ReceiptLabel, ...]


def _check_lines(lines: tuple[str, ...]) -> None:
    """Raise ValueError unless the lines are text within the limits, before DynamoDB refuses the row."""
    if len(lines) > MAX_LINES:
        raise ValueError(f"lines: must be at most {MAX_LINES}, got {len(lines)}")
    for number, line in enumerate(lines):
        if not isinstance(line, str):
            raise ValueError(f"lines[{number}]: must be text, got {line!r}")
    size = sum(len(line.encode()) for line in lines)
    if size > MAX_TEXT_BYTES:
        raise ValueError(f"lines: must have at most {MAX_TEXT_BYTES} bytes of text, got {size}")
