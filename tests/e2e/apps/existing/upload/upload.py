"""Answers with what the base's own handler says."""

from typing import Any

from handler import handler as greet  # type: ignore[import-not-found]  # of the base image


def handler(event: dict[str, Any], context: object) -> str:
    return f"{greet(event, context)}!"
