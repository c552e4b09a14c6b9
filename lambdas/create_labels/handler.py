"""Labels the lines of a stored receipt and stores the labels with it."""

import functools
import os
from typing import Any

from receipt_dynamo import ReceiptLabel, ReceiptTable
from receipt_label import label_lines


def select_labels(receipt_id: str, lines: tuple[str, ...]) -> tuple[ReceiptLabel, ...]:
    """The labels of the lines, as rows of the receipt."""
    return tuple(
        ReceiptLabel(receipt_id=receipt_id, line=found.line, label=found.label, value=found.value)
        for found in label_lines(lines)
    )


@functools.cache
def _table() -> ReceiptTable:
    """Made once per execution environment: clients are slow to make and safe to keep."""
    return ReceiptTable.connect(os.environ["TABLE_NAME"])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lambda's entry: `{"receipt_id"}` in, the receipt's labels out. Doing it again changes nothing."""
    if not isinstance(event, dict) or set(event) != {"receipt_id"}:
        got = ", ".join(sorted(map(str, event))) if isinstance(event, dict) else type(event).__name__
        raise ValueError(f"event: got {got or 'nothing'}, takes receipt_id")
    stored = _table().get_receipt(event["receipt_id"])
    if stored is None:
        raise ValueError(f"receipt_id: there is no receipt {event['receipt_id']} in {_table().name}")
    labels = select_labels(stored.receipt.receipt_id, stored.receipt.lines)
    _table().replace_labels(stored.receipt.receipt_id, labels)
    return {
        "receipt_id": stored.receipt.receipt_id,
        "labels": [{"line": label.line, "label": label.label, "value": label.value} for label in labels],
    }
