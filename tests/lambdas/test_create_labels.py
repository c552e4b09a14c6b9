"""Labelling reads the stored lines, stores the labels and answers with them."""

from types import ModuleType
from typing import Any

import pytest

from receipt_dynamo import ReceiptTable


def test_an_uploaded_receipt_is_labelled_and_doing_it_again_changes_nothing(
    upload_images: ModuleType, create_labels: ModuleType, upload_event: dict[str, Any], table: ReceiptTable
) -> None:
    receipt = upload_images.handler(upload_event, None)
    expected = [
        {"line": 0, "label": "MERCHANT_NAME", "value": "CORNER SHOP"},
        {"line": 1, "label": "DATE", "value": "2026-11-20"},
        {"line": 1, "label": "TIME", "value": "14:05:00"},
        {"line": 2, "label": "LINE_ITEM", "value": "1.20"},
        {"line": 3, "label": "GRAND_TOTAL", "value": "1.20"},
    ]
    for _ in range(2):
        assert create_labels.handler(receipt, None) == receipt | {"labels": expected}
        stored = table.get_receipt(receipt["receipt_id"])
        assert stored is not None
        assert [{"line": s.line, "label": s.label, "value": s.value} for s in stored.labels] == expected


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "event: must have receipt_id, got nothing"),
        ("text", "event: must have receipt_id, got str"),
        ({"receipt_id": "x"}, "receipt_id: must be 32 lower-case hexadecimal digits, got 'x'"),
        ({"receipt_id": "0" * 32}, f"receipt_id: not found, got {'0' * 32} in receipts-test"),
    ],
)
def test_a_wrong_event_is_refused(create_labels: ModuleType, event: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        create_labels.handler(event, None)
