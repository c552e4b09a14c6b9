"""Labels the lines of a receipt by rules: what no rule knows stays without a label."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from receipt_dynamo import LABELS
from receipt_label.amounts import PricedLine, split_amount
from receipt_label.moments import find_date, find_time

# The order decides: "SUBTOTAL", "TOTAL TAX" and "TOTAL INCL. VAT" hold words of several kinds.
_SUMS = (
    ("SUBTOTAL", re.compile(r"\b(sub[\s-]?total|total \(?excl\w*|zwischensumme)\b", re.IGNORECASE)),
    ("GRAND_TOTAL", re.compile(r"\b(grand total|total \(?inc\w*)\b", re.IGNORECASE)),
    ("TAX", re.compile(r"\b(tax|vat|gst|hst|pst|mwst|ust)\b", re.IGNORECASE)),
    ("GRAND_TOTAL", re.compile(r"\b(total|amount due|balance due|summe|zu zahlen)\b", re.IGNORECASE)),
)
_NO_SUM = re.compile(r"\btotal (savings?|saved|items?|discounts?|qty|points?)\b", re.IGNORECASE)
_PAYMENT = re.compile(
    r"\b(cash|change|visa|mastercard|amex|debit|credit|card|tender(ed)?|paid|payment|bar|rückgeld|girocard)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_GREETING = re.compile(r"^\W*(welcome( to)?|thank you|receipt|customer copy|invoice)\W*$", re.IGNORECASE)
HEADER_LINES = 5


@dataclass(frozen=True)
class LineLabel:
    """One line's label. The value is an ISO date or time, an amount ("12.99") or the merchant's name."""

    line: int
    label: str
    value: str

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise ValueError(f"label: must be one of {', '.join(LABELS)}, got {self.label!r}")


def label_lines(lines: Sequence[str]) -> tuple[LineLabel, ...]:
    """The labels of the lines, in their order; a line may have none, or a date and a time."""
    priced = {number: found for number, line in enumerate(lines) if (found := split_amount(line))}
    labels = [*_merchant(lines), *_moments(lines), *_amounts(lines, priced)]
    return tuple(sorted(labels, key=lambda label: (label.line, label.label)))


def _merchant(lines: Sequence[str]) -> list[LineLabel]:
    """The first line of words among the header lines; a greeting, a date or a price is none."""
    for number, line in enumerate(lines[:HEADER_LINES]):
        if _WORD.search(line) and not (_GREETING.match(line) or find_date(line) or split_amount(line)):
            return [LineLabel(number, "MERCHANT_NAME", line.strip())]
    return []


def _moments(lines: Sequence[str]) -> list[LineLabel]:
    """The first date and the first time of day: later ones are of return policies and card slips."""
    labels = []
    for number, line in enumerate(lines):
        if found := find_date(line):
            labels.append(LineLabel(number, "DATE", found.isoformat()))
            break
    dated = labels[0].line if labels else 0
    for number, line in enumerate(lines[dated:], start=dated):
        # Opening hours give two times and stand above the date.
        if moment := find_time(line):
            labels.append(LineLabel(number, "TIME", moment.isoformat()))
            break
    return labels


def _amounts(lines: Sequence[str], priced: dict[int, PricedLine]) -> list[LineLabel]:
    """Items above the first sum, sums, payments below it.

    The place parts items from payments, because the words do not: a "CHOCOLATE BAR" is bought.
    """
    sums = {number: kind for number in priced if (kind := _sum_kind(lines[number]))}
    payments = {number for number in priced if number not in sums and _PAYMENT.search(lines[number])}
    end_of_items = min(sums or payments, default=len(lines))
    total = _grand_total(priced, [number for number, kind in sums.items() if kind == "GRAND_TOTAL"])
    labels = []
    for number, found in priced.items():
        if number in sums:
            kind = sums[number] if sums[number] != "GRAND_TOTAL" or number == total else None
        elif number < end_of_items:
            kind = "LINE_ITEM" if _WORD.search(found.description) else None
        else:
            kind = "PAYMENT" if number in payments else None
        if kind:
            labels.append(LineLabel(number, kind, str(found.amount)))
    return labels


def _sum_kind(line: str) -> str | None:
    """SUBTOTAL, TAX or GRAND_TOTAL when a line that ends in an amount sums something up."""
    if _NO_SUM.search(line):
        return None
    return next((label for label, words in _SUMS if words.search(line)), None)


def _grand_total(priced: dict[int, PricedLine], candidates: list[int]) -> int | None:
    """The largest of the totals: "TOTAL" may sum up one department, or stand on the card slip once more."""
    return max(candidates, key=lambda number: (priced[number].amount, -number), default=None)
