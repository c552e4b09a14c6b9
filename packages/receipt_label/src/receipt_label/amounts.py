"""The amount of money at the end of a line."""

import re
from dataclasses import dataclass
from decimal import Decimal

from price_parser import Price

# Two decimals are asked for: "2 items" and "Store 1204" end in numbers too. A currency or a tax mark ("A",
# "TX") may follow, a unit of weight or size may not.
_TRAILING_AMOUNT = re.compile(
    r"""(?:(?<!\S)(?P<sign>-))?\s?(?:(?:[$€£]|USD|EUR|GBP)\s?(?P<inner_sign>-?))?
        (?<![\d.,])(?P<number>\d{1,3}(?:[.,]\d{3})+[.,]\d{2}|\d+[.,]\d{2})
        (?P<trailing_sign>-?)\s?(?:[$€£]|USD|EUR|GBP|(?!KG|LB|OZ|ML|CL|CM|MM)[A-Z*]{1,2})?\s*$""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class PricedLine:
    """A line in two parts: what was bought or summed up, and its amount (negative for a discount)."""

    description: str
    amount: Decimal


def split_amount(line: str) -> PricedLine | None:
    """The line's description and amount; None when it does not end in an amount."""
    match = _TRAILING_AMOUNT.search(line)
    if match is None:
        return None
    amount = Price.fromstring(match["number"]).amount
    if amount is None:
        return None
    negative = match["sign"] or match["inner_sign"] or match["trailing_sign"]
    return PricedLine(line[: match.start()].strip(), -amount if negative else amount)
