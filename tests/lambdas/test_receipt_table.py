"""Receipts and labels go into the table and come out the same; nothing is overwritten silently."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from receipt_dynamo import (
    CursorError,
    LabelledReceipt,
    Receipt,
    ReceiptExistsError,
    ReceiptLabel,
    ReceiptTable,
)
from receipt_dynamo.cursor import decode_cursor, encode_cursor
from receipt_dynamo.keys import index_sort_key

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_receipt(number: int = 1, **changes: Any) -> Receipt:
    values: dict[str, Any] = {
        "receipt_id": f"{number:032x}",
        "content_type": "image/png",
        "lines": ("CORNER SHOP", "TOTAL 1.20"),
        "uploaded_at": NOON + timedelta(minutes=number),
    }
    return Receipt(**(values | changes))


def a_label(line: int = 0, label: str = "MERCHANT_NAME", value: str = "CORNER SHOP") -> ReceiptLabel:
    return ReceiptLabel(receipt_id=a_receipt().receipt_id, line=line, label=label, value=value)


def labels_of(table: ReceiptTable, receipt: Receipt) -> tuple[ReceiptLabel, ...]:
    found = table.get_receipt(receipt.receipt_id)
    assert found is not None
    return found.labels


def test_a_receipt_comes_out_as_it_went_in(table: ReceiptTable) -> None:
    receipt = a_receipt(lines=("Ä “quoted” €", "", "TOTAL 1.20"))
    table.put_receipt(receipt)
    found = table.get_receipt(receipt.receipt_id)
    assert found is not None
    assert (found.receipt, found.labels) == (receipt, ())


def test_a_receipt_that_exists_is_refused_and_kept(table: ReceiptTable) -> None:
    table.put_receipt(a_receipt())
    with pytest.raises(ReceiptExistsError, match=f"receipt {1:032x} is already in receipts-test"):
        table.put_receipt(a_receipt(lines=("OTHER",)))
    found = table.get_receipt(a_receipt().receipt_id)
    assert found is not None
    assert found.receipt == a_receipt()


def test_another_refusal_of_dynamodb_is_not_mistaken_for_an_existing_receipt(table: ReceiptTable) -> None:
    client = table.table.meta.client
    refusal = "ProvisionedThroughputExceededException"
    with Stubber(client) as stub:
        stub.add_client_error("put_item", refusal)
        with pytest.raises(ClientError, match=refusal):
            table.put_receipt(a_receipt())


def test_labels_come_out_in_the_order_of_lines(table: ReceiptTable) -> None:
    table.put_receipt(a_receipt())
    labels = [a_label(10, "TAX", "0.10"), a_label(9, "SUBTOTAL", "1.10"), a_label(0)]
    table.replace_labels(a_receipt().receipt_id, labels)
    assert [label.line for label in labels_of(table, a_receipt())] == [0, 9, 10]


def test_labelling_again_with_other_labels_leaves_none_of_the_old(table: ReceiptTable) -> None:
    table.put_receipt(a_receipt())
    table.replace_labels(a_receipt().receipt_id, [a_label(), a_label(1, "TAX", "1.20")])
    newer = (a_label(value="THE CORNER SHOP"), a_label(1, "GRAND_TOTAL", "1.20"))
    for _ in range(2):
        table.replace_labels(a_receipt().receipt_id, newer)
        assert labels_of(table, a_receipt()) == newer


def test_labels_of_another_receipt_are_refused(table: ReceiptTable) -> None:
    with pytest.raises(ValueError, match=f"labels: must be of receipt {2:032x}, got RECEIPT#{1:032x}"):
        table.replace_labels(a_receipt(2).receipt_id, [a_label()])


def test_pages_list_every_receipt_once_newest_first_with_its_labels(table: ReceiptTable) -> None:
    for number in (3, 1, 5, 2, 4):
        table.put_receipt(a_receipt(number))
    table.replace_labels(a_receipt(1).receipt_id, [a_label()])
    seen: list[LabelledReceipt] = []
    cursor = None
    for _ in range(3):
        page = table.list_receipts(limit=2, cursor=cursor)
        seen += page.receipts
        cursor = page.cursor
    assert [found.receipt for found in seen] == [a_receipt(number) for number in (5, 4, 3, 2, 1)]
    assert [len(found.labels) for found in seen] == [0, 0, 0, 0, 1]
    assert cursor is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "not base64!",
        "äöü",
        encode_cursor("RECEIPT"),
        encode_cursor(f"2026-11-20#{1:032x}"),
        encode_cursor(index_sort_key(NOON, "../../etc/passwd")),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_cursor_that_was_not_handed_out_is_refused(cursor: str) -> None:
    with pytest.raises(CursorError, match="must be the cursor of the page before, unchanged"):
        decode_cursor(cursor)


@given(
    st.datetimes(
        min_value=datetime(2000, 1, 1),
        max_value=datetime(2100, 1, 1),
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
    ),
    st.integers(0),
)
def test_every_cursor_that_is_handed_out_is_taken_back(moment: datetime, number: int) -> None:
    key = index_sort_key(moment, f"{number % 16**32:032x}")
    assert decode_cursor(encode_cursor(key))["GSI1SK"] == key


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2))
def test_the_index_sorts_as_time_does(moments: list[datetime]) -> None:
    """Without fixed decimals 12:00:00 would sort after 12:00:00.5."""
    assert sorted(moments, key=lambda moment: index_sort_key(moment, "0" * 32)) == sorted(moments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"receipt_id": "ABC"}, "receipt_id: must be 32 lower-case hexadecimal digits, got 'ABC'"),
        ({"content_type": "image/gif"}, "content_type: must be image/jpeg or image/png, got 'image/gif'"),
        (
            {"uploaded_at": datetime(2026, 1, 1)},
            "uploaded_at: must be a time with a time zone, got 2026-01-01T00:00:00",
        ),
        ({"lines": ("a",) * 1001}, "lines: must be at most 1000, got 1001"),
        ({"lines": ("a", 7)}, r"lines\[1\]: must be text, got 7"),
        ({"lines": ("é" * 150_001,)}, "lines: must have at most 300000 bytes of text, got 300002"),
    ],
)
def test_a_receipt_checks_itself(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        a_receipt(**changes)


@pytest.mark.parametrize(
    ("line", "label", "value", "message"),
    [
        (-1, "TAX", "1.00", "line: must be 0 to 999, got -1"),
        (0, "TAXES", "1.00", "label: must be one of MERCHANT_NAME, DATE, .*, got 'TAXES'"),
        (0, "TAX", "", "value: must not be empty, got '' for TAX of line 0"),
    ],
)
def test_a_label_checks_itself(line: int, label: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        a_label(line, label, value)
