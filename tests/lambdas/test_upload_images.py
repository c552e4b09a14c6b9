"""An upload is stored once, whole, and only when it is what it says."""

import base64
from types import ModuleType
from typing import Any

import pytest

from receipt_dynamo import ReceiptTable

from .receipts import JPEG


def test_an_upload_stores_the_image_and_the_row(
    upload_images: ModuleType, upload_event: dict[str, Any], table: ReceiptTable, bucket: Any
) -> None:
    receipt_id = upload_images.handler(upload_event, None)["receipt_id"]
    found = table.get_receipt(receipt_id)
    assert found is not None
    assert list(found.receipt.lines) == upload_event["lines"]
    stored = bucket.Object(f"receipts/{receipt_id}.jpg").get()
    assert (stored["Body"].read(), stored["ContentType"]) == (JPEG, "image/jpeg")
    assert found.receipt.image_key == f"receipts/{receipt_id}.jpg"


def test_a_retry_gives_the_same_receipt_and_keeps_the_time_of_the_first(
    upload_images: ModuleType, upload_event: dict[str, Any], table: ReceiptTable
) -> None:
    first = upload_images.handler(upload_event, None)
    stored = table.get_receipt(first["receipt_id"])
    assert upload_images.handler(upload_event, None) == first
    assert table.get_receipt(first["receipt_id"]) == stored
    assert len(table.list_receipts().receipts) == 1


def test_the_same_image_with_other_lines_is_refused_and_the_first_kept(
    upload_images: ModuleType, upload_event: dict[str, Any], table: ReceiptTable
) -> None:
    receipt_id = upload_images.handler(upload_event, None)["receipt_id"]
    with pytest.raises(ValueError, match=f"receipt {receipt_id} of this image has other lines"):
        upload_images.handler(upload_event | {"lines": ["OTHER"]}, None)
    found = table.get_receipt(receipt_id)
    assert found is not None
    assert list(found.receipt.lines) == upload_event["lines"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lines": "MILK 1.20"}, "lines: must be a list of text lines, got 'MILK 1.20'"),
        ({"lines": ["MILK", None]}, r"lines\[1\]: must be text, got None"),
        ({"content_type": "image/gif"}, "content_type: must be image/jpeg or image/png, got 'image/gif'"),
        (
            {"content_type": ["image/png"]},
            r"content_type: must be image/jpeg or image/png, got \['image/png'\]",
        ),
        ({"image_base64": "?"}, "image_base64: must be the image in base64, got: "),
        ({"image_base64": 5}, "image_base64: must be the image in base64, got: "),
        (
            {"image_base64": base64.b64encode(b"%PDF-1.7").decode()},
            "image_base64: its first bytes b'%PDF-1.7' are not those of image/jpeg",
        ),
        (
            {"note": "x"},
            "event: must have content_type, image_base64, lines, got content_type, image_base64, lines, note",
        ),
    ],
)
def test_a_wrong_upload_is_refused_and_stores_nothing(
    upload_images: ModuleType,
    upload_event: dict[str, Any],
    table: ReceiptTable,
    bucket: Any,
    *,
    change: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        upload_images.handler(upload_event | change, None)
    assert list(bucket.objects.all()) == []
    assert table.list_receipts().receipts == ()


@pytest.mark.parametrize(("event", "got"), [({}, "nothing"), (None, "NoneType"), ({"lines": []}, "lines")])
def test_an_event_without_its_keys_is_refused(upload_images: ModuleType, event: Any, got: str) -> None:
    with pytest.raises(ValueError, match=f"^event: must have content_type, image_base64, lines, got {got}$"):
        upload_images.handler(event, None)
