"""Dates and times as receipts print them."""

import re
from datetime import date, time

_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?![\d.])")
_SLASHED = re.compile(r"(?<![\d/-])(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?![\d/-])")
_TIME = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?\s?([AaPp][Mm])?(?![\d:])")


def find_date(line: str) -> date | None:
    """The first date of the line.

    04.03.2026 is read day first. 04/03/2026 is read month first, as in the United States, unless only the
    other order gives a date: the line alone cannot tell.
    """
    if match := _ISO.search(line):
        return _date(match[1], match[2], match[3])
    if match := _DOTTED.search(line):
        return _date(match[3], match[2], match[1])
    if match := _SLASHED.search(line):
        return _date(match[3], match[1], match[2]) or _date(match[3], match[2], match[1])
    return None


def find_time(line: str) -> time | None:
    """The first time of day of the line, with or without seconds, in 12 or 24 hours."""
    match = _TIME.search(line)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4].lower() == "pm" else 0)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _date(year: str, month: str, day: str) -> date | None:
    """None for what no calendar has. Two digits of a year are of this century."""
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None
