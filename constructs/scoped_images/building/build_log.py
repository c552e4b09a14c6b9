"""Reads what `docker buildx bake --progress=rawjson` prints: which target does what, and what failed."""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

LOG_LINES = 25
# `[<target> <stage> 2/3] RUN …`, and without the target if there is only one.
_STEP = re.compile(r"\[([A-Za-z0-9_-]+)(?: [^\]]*)?\] (.*)", re.DOTALL)
_TARGET_ERROR = re.compile(r"ERROR: target ([A-Za-z0-9_-]+): (.*)", re.DOTALL)
# Another target failed, and bake stopped this one.
_STOPPED = "context canceled"
# A cache that cannot be read fails no build; one that must be written and cannot is in docker's own message.
_CACHE = ("importing cache", "exporting cache", "inferred cache")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A target that failed. step: the instruction, or what BuildKit calls it. log: its last lines."""

    target: str
    step: str
    error: str
    log: tuple[str, ...] = ()


class BuildLog:
    """The log of one run of bake. on_step: called with a target and the step that it starts."""

    def __init__(
        self, targets: Collection[str], *, on_step: Callable[[str, str], None] = lambda *_: None
    ) -> None:
        self._targets = targets
        self._on_step = on_step
        self._steps: dict[str, tuple[str, str]] = {}
        self._logs: dict[str, deque[str]] = {}
        self._errors: dict[str, tuple[str, str]] = {}
        self._plain: deque[str] = deque(maxlen=LOG_LINES)

    @property
    def started(self) -> bool:
        """Whether BuildKit has started any step."""
        return bool(self._steps)

    @property
    def failures(self) -> dict[str, Failure]:
        """What failed, by target."""
        found: dict[str, Failure] = {}
        for digest, (target, error) in self._errors.items():
            log = tuple(self._logs.get(digest, ()))
            found.setdefault(
                target, Failure(target=target, step=self._steps[digest][1], error=error, log=log)
            )
        last = _TARGET_ERROR.search("\n".join(self._plain))
        if last is not None and last[1] in self._targets and _STOPPED not in last[2]:
            # The step may be another target's too, and have that one's name. A mistake in a Dockerfile is the error of
            # no step.
            shared = next((each for each in found.values() if each.error in last[2]), None)
            plain = Failure(target=last[1], step="build", error=last[2].strip())
            found.setdefault(last[1], replace(shared, target=last[1]) if shared else plain)
        return found

    @property
    def message(self) -> str:
        """What docker itself printed."""
        return "\n".join(line for line in self._plain if line.strip())

    def add(self, line: str) -> None:
        """Read one line."""
        try:
            status = json.loads(line)
        except ValueError:
            status = None
        if not isinstance(status, dict):
            self._plain.append(line.rstrip())
            return
        for vertex in _entries(status, "vertexes"):
            self._add_vertex(vertex)
        for log in _entries(status, "logs"):
            # What bake prints must not end the build: a process that is killed leaves half a line.
            with suppress(ValueError):
                text = base64.b64decode(_text(log, "data")).decode(errors="replace")
                lines = self._logs.setdefault(_text(log, "vertex"), deque(maxlen=LOG_LINES))
                lines.extend(text.splitlines())

    def _add_vertex(self, vertex: Mapping[str, Any]) -> None:
        digest = _text(vertex, "digest")
        if not digest:
            return
        target, step = self._steps.setdefault(digest, self._target_and_step(_text(vertex, "name")))
        if target and vertex.get("started") and not vertex.get("completed"):
            self._on_step(target, step)
        error = _text(vertex, "error")
        if target and error and _STOPPED not in error and not step.startswith(_CACHE):
            self._errors.setdefault(digest, (target, error))

    def _target_and_step(self, name: str) -> tuple[str, str]:
        match = _STEP.fullmatch(name)
        if len(self._targets) == 1:
            return next(iter(self._targets)), match[2] if match else name
        if match is None or match[1] not in self._targets:
            return "", name
        return match[1], match[2]


def _entries(status: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = status.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(entry: Mapping[str, Any], key: str) -> str:
    found = entry.get(key)
    return found if isinstance(found, str) else ""
