"""Why a remote build failed or was stopped, in the length that CloudFormation shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from scoped_images.printable import printable_line

LOG_LINES = 20

# CloudFormation takes 4096 bytes of answer, and the provider framework adds ids and words of its own.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html
_MAX_BYTES = 2500
_MAX_LINE = 300
_ENDED_BADLY = {"FAILED", "FAULT", "TIMED_OUT", "STOPPED", "CLIENT_ERROR"}
_COLOURS_AND_CONTROLS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def failure_reason(image: str, build: Mapping[str, Any], log: Iterable[str]) -> str:
    """The failing phase, what CodeBuild says of it, the log's last lines and where the whole log is."""
    phase: Mapping[str, Any] = next(
        (p for p in build.get("phases", ()) if p.get("phaseStatus") in _ENDED_BADLY), {}
    )
    contexts = [c["message"] for c in phase.get("contexts", ()) if c.get("message")]
    head = f"build of {image} ended as {build['buildStatus']} in phase {phase.get('phaseType', 'unknown')}"
    said = _clip(printable_line("; ".join(contexts)), _MAX_LINE)
    return _fit(f"{head}: {said}" if said else head, last_lines(log), _place(build))


def stop_reason(image: str, build: Mapping[str, Any], log: Iterable[str], *, why: str) -> str:
    """In which phase a build was stopped and why, the log's last lines and where the whole log is."""
    head = f"build of {image} was stopped in phase {build.get('currentPhase', 'unknown')}: {why}"
    return _fit(head, last_lines(log), _place(build))


def last_lines(messages: Iterable[str], count: int = LOG_LINES) -> list[str]:
    """Return the last lines of a log, each of whose events may hold several; without colours and empty lines.

    The CDK CLI prints them into the log of a CI service, which must not run what a build step printed.
    """
    lines = [
        printable_line(_COLOURS_AND_CONTROLS.sub("", line).expandtabs().rstrip())
        for message in messages
        for line in message.splitlines()
    ]
    return [_clip(line, _MAX_LINE) for line in lines if line][-count:]


def _place(build: Mapping[str, Any]) -> str:
    return f"log: {build.get('logs', {}).get('deepLink') or build['id']}"


def _fit(head: str, lines: list[str], foot: str) -> str:
    """All of it, with the oldest lines left out as far as it is too long."""
    for dropped in range(len(lines) + 1):
        kept = lines[dropped:]
        left_out = ["…"] if dropped else []
        text = "\n".join([head, *left_out, *kept, foot])
        if len(json.dumps(text, ensure_ascii=False).encode()) <= _MAX_BYTES:
            return text
    return _clip(f"{head}\n{foot}", _MAX_BYTES // 4)


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
