"""Answers with what its base holds."""

from pathlib import Path


def handler(event: object, context: object) -> str:
    """Read the base's file."""
    return Path("lower").read_text()
