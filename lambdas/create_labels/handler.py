"""Labels the lines of a stored receipt and stores the labels with it."""

import functools
import os
from typing import Any

from receipt_dynamo import ReceiptLabel, ReceiptTable
from receipt_label import label_lines


def select_labels(receipt_id: str, lines: tuple[str, ...]) -> tuple[ReceiptLabel, ...]:
    """Return the labels of the lines as rows of the receipt."""
    return tuple(
        ReceiptLabel(receipt_id=receipt_id, line=found.line, label=found.label, value=found.value)
        for found in label_lines(lines)
    )


@functools.cache
def _table() -> ReceiptTable:
    """Return the table; each execution environment connects once."""
    return ReceiptTable.connect(os.environ["TABLE_NAME"])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Take `{"receipt_id"}` and return the receipt's labels. A repetition changes nothing."""
    if not isinstance(event, dict) or set(event) != {"receipt_id"}:
        got = ", ".join(sorted(map(str, event))) if isinstance(event, dict) else type(event).__name__
        raise ValueError(f"event: must have receipt_id, got {got or 'nothing'}")
    stored = _table().get_receipt(event["receipt_id"])
    if stored is None:
        raise ValueError(f"receipt_id: not found, got {event['receipt_id']} in {_table().name}")
    labels = select_labels(stored.receipt.receipt_id, stored.receipt.lines)
    _table().replace_labels(stored.receipt.receipt_id, labels)
    return {
        "receipt_id": stored.receipt.receipt_id,
        "labels": [{"line": label.line, "label": label.label, "value": label.value} for label in labels],
    }
