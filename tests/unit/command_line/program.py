"""Runs `scoped-images` in this process."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scoped_images.command_line import main

PROGRAM = Path(sys.executable).with_name("scoped-images")


@dataclass(frozen=True)
class Printed:
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    """Runs commands, to whom stdout and stderr are pipes."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Printed:
        code = main(arguments)
        printed = self.capsys.readouterr()
        return Printed(code, printed.out, printed.err)

    def listed(self, *arguments: str) -> Any:
        """Return what `context --json` prints for the repository."""
        printed = self("context", "repository", *arguments, "--json")
        assert (printed.code, printed.err) == (0, "")
        return json.loads(printed.out)
