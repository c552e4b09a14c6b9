"""Orders and their totals."""

from money import euros


def total(items: list[int]) -> str:
    return euros(sum(items))
