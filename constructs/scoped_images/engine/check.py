"""Decides whether an engine can build what `cdk deploy` builds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scoped_images.engine.builder import Builder
from scoped_images.errors import ScopedImagesError

WITHOUT_CACHE_EXPORT = "-c scoped-images:cache-export=false"

_CREATE = "docker buildx create --name NAME --driver docker-container --driver-opt default-load=true"
# Go's strconv.ParseBool, which the docker CLI reads DOCKER_BUILDKIT with.
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the engine's command line answered."""

    returncode: int
    stdout: str
    stderr: str = ""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that can build the images.

    version: the engine's own words.
    builder: the one that `docker build` uses; None for an engine that is not Docker, which nothing here has checked.
    """

    version: str
    builder: Builder | None

    @property
    def warning(self) -> str | None:
        """What does not work with this engine, and what to do; None if everything works."""
        builder = self.builder
        if builder is None:
            return (
                f"CDK_DOCKER: this engine is not tested, got {self.version!r}; use Docker Engine if a build rejects "
                "--build-context or --cache-to"
            )
        if builder.exports_cache is False:
            return (
                f"builder {builder.name!r}: it cannot export registry caches, got driver {builder.driver!r} without the "
                f"containerd image store; deploy with {WITHOUT_CACHE_EXPORT}, or turn that store on"
            )
        return None

    @property
    def cdk_options(self) -> Sequence[str]:
        """The options that `cdk deploy` needs with this engine."""
        without = self.builder is not None and self.builder.exports_cache is False
        return WITHOUT_CACHE_EXPORT.split() if without else ()


def expect_engine(environment: Mapping[str, str], ask: Callable[[Sequence[str]], Answer]) -> Engine:
    """Return the engine. Raises ScopedImagesError with the way out if it cannot build the images.

    environment: variables of the process that will run `cdk deploy`.
    ask: runs the engine's command line with these arguments. May raise OSError.
    """
    program = environment.get("CDK_DOCKER") or "docker"
    try:
        version = ask(["--version"])
    except OSError as error:
        raise ScopedImagesError(
            f"{program}: cannot run it, got {error.strerror!r}; install Docker Engine with buildx, or set CDK_DOCKER to "
            "the path of docker"
        ) from None
    said = version.stdout.strip()
    if said.startswith("podman"):
        raise ScopedImagesError(
            f"{program}: podman takes no registry cache and ignores pinned images, got {said!r}; install Docker Engine, "
            "or set CDK_DOCKER to the path of docker"
        )
    if not said.startswith("Docker version"):
        return Engine(version=said or _reason(version), builder=None)
    buildkit = environment.get("DOCKER_BUILDKIT", "")
    if buildkit in _FALSE:
        raise ScopedImagesError(
            f"DOCKER_BUILDKIT: it turns off BuildKit, which --build-context needs, got {buildkit!r}; unset it"
        )
    buildx = ask(["buildx", "version"])
    if buildx.returncode != 0:
        raise ScopedImagesError(
            f"{program}: its buildx plugin is missing, got {_reason(buildx)!r}; install docker-buildx-plugin (Debian: "
            "docker-buildx)"
        )
    # `builder inspect` and not `buildx inspect`: docker chooses the builder for it as for `docker build`.
    return Engine(version=said, builder=_usable(program, ask(["-D", "builder", "inspect"])))


def _usable(program: str, inspected: Answer) -> Builder:
    missing = re.search(r'no builder "([^"]*)" found', inspected.stderr)
    if missing:
        raise ScopedImagesError(
            f"BUILDX_BUILDER: there is no such builder, got {missing[1]!r}; unset it, or run "
            f"{_CREATE.replace('NAME', missing[1])}"
        )
    builder = Builder.parse(inspected.stdout)
    error = builder.error or (_reason(inspected) if inspected.returncode else None)
    if error:
        raise ScopedImagesError(
            f"{program}: its engine does not answer, got {error!r}; start Docker, or choose an engine with DOCKER_HOST "
            "or docker context use"
        )
    if builder.loads is False:
        raise ScopedImagesError(
            f"builder {builder.name!r}: it keeps images to itself, and cdk deploy needs them in Docker's image store, "
            f"got driver {builder.driver!r} without default-load; unset BUILDX_BUILDER, or run {_CREATE}"
        )
    return builder


def _reason(answer: Answer) -> str:
    """The line in which the engine says what is wrong: the first after its debug lines."""
    lines = [line for line in answer.stderr.splitlines() if line.strip() and not line.startswith("time=")]
    errors = [line for line in lines if line.lower().startswith(("error", "docker:"))]
    return (errors or lines or [f"exit code {answer.returncode}"])[0]
