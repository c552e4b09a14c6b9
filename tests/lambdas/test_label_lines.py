"""Receipts as they are printed, and what the rules say about each line."""

import pytest

from receipt_label import LineLabel, label_lines
from receipt_label.amounts import split_amount
from receipt_label.moments import find_date, find_time

# What is printed, and after an arrow the labels of the line.
GROCERY = """\
WELCOME TO
SPROUTS FARMERS MARKET → MERCHANT_NAME SPROUTS FARMERS MARKET
1012 Westlake Blvd
OPEN DAILY 7:00AM - 10:00PM
03/04/2026 5:17 PM → DATE 2026-03-04; TIME 17:17:00
ORG BANANAS 1.58 F → LINE_ITEM 1.58
2 @ 3.49
OAT MILK 6.98 F → LINE_ITEM 6.98
CHOCOLATE BAR 2.49 T → LINE_ITEM 2.49
MEMBER DISCOUNT -1.00 → LINE_ITEM -1.00
SUBTOTAL 10.05 → SUBTOTAL 10.05
TAX 1 8.25% 0.21 → TAX 0.21
TOTAL TAX 0.21 → TAX 0.21
**** BALANCE DUE 10.26 → GRAND_TOTAL 10.26
VISA ************1234 10.26 → PAYMENT 10.26
CHANGE 0.00 → PAYMENT 0.00
TOTAL SAVINGS 1.00
RETURNS UNTIL 04/03/2026"""

BAKERY = """\
Bäckerei Müller → MERCHANT_NAME Bäckerei Müller
Hauptstr. 12, 10115 Berlin
04.03.2026 08:12:45 → DATE 2026-03-04; TIME 08:12:45
2x Brezel 1,80 € → LINE_ITEM 1.80
Roggenbrot 1kg 4,95 € → LINE_ITEM 4.95
Zwischensumme 6,75 € → SUBTOTAL 6.75
Summe 6,75 € → GRAND_TOTAL 6.75
Bar 10,00 € → PAYMENT 10.00
Rückgeld 3,25 € → PAYMENT 3.25
inkl. MwSt 7% 0,44 € → TAX 0.44"""

FURNITURE = """\
The Oak Table Ltd → MERCHANT_NAME The Oak Table Ltd
VAT No GB 123 4567 89
25/12/2025 → DATE 2025-12-25
Dining table $1,249.00 → LINE_ITEM 1249.00
Delivery 49.50 → LINE_ITEM 49.50
Total excl. VAT 1,082.08 → SUBTOTAL 1082.08
VAT 20% 216.42 → TAX 216.42
Total (incl. VAT) 1,298.50 → GRAND_TOTAL 1298.50
TOTAL 1,298.50"""

NO_SUM = """\
CORNER SHOP → MERCHANT_NAME CORNER SHOP
NEWSPAPER 2.20 → LINE_ITEM 2.20
CASH 5.00 → PAYMENT 5.00
CHANGE 2.80 → PAYMENT 2.80"""


@pytest.mark.parametrize(
    "receipt",
    [
        pytest.param(GROCERY, id="American grocery with discount, tax and card"),
        pytest.param(BAKERY, id="German bakery with decimal commas"),
        pytest.param(FURNITURE, id="British shop with thousands and two totals"),
        pytest.param(NO_SUM, id="no total printed"),
        pytest.param("", id="nothing recognised"),
        pytest.param("12.50\n%%//\n...", id="noise"),
    ],
)
def test_labels_of_a_receipt(receipt: str) -> None:
    lines = [line.partition(" → ") for line in receipt.splitlines()]
    found = label_lines([printed for printed, _, _ in lines])
    assert [f"{each.line} {each.label} {each.value}" for each in found] == [
        f"{number} {label}"
        for number, (_, _, labels) in enumerate(lines)
        for label in filter(None, labels.split("; "))
    ]


@pytest.mark.parametrize(
    ("line", "description", "amount"),
    [
        ("MILK 1.20", "MILK", "1.20"),
        ("Total:12.50", "Total:", "12.50"),
        ("COUPON 2.00-", "COUPON", "-2.00"),
        ("COUPON -$2.00", "COUPON", "-2.00"),
        ("COUPON $-2.00", "COUPON", "-2.00"),
        ("Sofa 1.234,50 EUR", "Sofa", "1234.50"),
        ("A-12.50", "A-", "12.50"),
    ],
)
def test_the_amount_at_the_end_of_a_line_is_read(line: str, description: str, amount: str) -> None:
    found = split_amount(line)
    assert found is not None
    assert (found.description, str(found.amount)) == (description, amount)


@pytest.mark.parametrize(
    "line",
    ["ITEMS SOLD 5", "Store 1204", "TAX 8.25%", "12.50 is the price", "0.45 KG", "04.03.26", "1.234.567"],
)
def test_a_line_without_an_amount_at_its_end_has_none(line: str) -> None:
    assert split_amount(line) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("on 2026-11-20", "2026-11-20"),
        ("11/20/26", "2026-11-20"),
        ("20/11/2026", "2026-11-20"),
        ("3.4.26", "2026-04-03"),
        ("31/31/2026", "None"),
        ("2026-02-30", "None"),
        ("card 1234-5678-9012", "None"),
        ("call 555-10-20", "None"),
    ],
)
def test_dates(line: str, expected: str) -> None:
    assert str(find_date(line)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("12:05 AM", "00:05:00"),
        ("12:05pm", "12:05:00"),
        ("at 23:59:01", "23:59:01"),
        ("13:00 PM", "None"),
        ("24:00", "None"),
        ("aa:bb 1:2", "None"),
    ],
)
def test_times_of_day(line: str, expected: str) -> None:
    assert str(find_time(line)) == expected


def test_a_label_that_the_table_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match=r"label: must be one of MERCHANT_NAME, .*, got 'TIP'"):
        LineLabel(0, "TIP", "1.00")
