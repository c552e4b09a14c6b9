"""The public images that Dockerfiles start FROM: pulled where that is possible, else a stand-in of our own."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from cdk_local_aws.engine import Engine, Machine
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_engine import locked
from cdk_local_aws.stand_in_images import LABEL, LAMBDA_PYTHON, RECIPE_LABEL, StandIn, build, docker

REACH_SECONDS = 5
PULL_SECONDS = 300
ARCHIVES = "stand-ins"  # the stand-ins that were built, below the state


@dataclass(frozen=True)
class BaseImage:
    """A base image that is in the engine's store."""

    image: str
    stand_in: bool


def ensure_base_images(
    engine: Engine,
    *,
    state: Path,
    say: Callable[[str], None],
    stand_ins: Sequence[StandIn] = (LAMBDA_PYTHON,),
) -> list[BaseImage]:
    """Bring each base image into the engine's store, and say of each stand-in that it is one."""
    state = state.resolve()
    with locked(state / ARCHIVES):
        return [_ensure(engine, stand_in, state, say) for stand_in in stand_ins]


def _ensure(engine: Engine, stand_in: StandIn, state: Path, say: Callable[[str], None]) -> BaseImage:
    fingerprint = stand_in.fingerprint()
    labels = image_labels(engine, stand_in.image)
    if labels is not None and LABEL not in labels:
        return BaseImage(image=stand_in.image, stand_in=False)
    if labels is None or labels.get(RECIPE_LABEL) != fingerprint:
        reason = pull(engine, stand_in.image, say)
        if reason is None:
            return BaseImage(image=stand_in.image, stand_in=False)
        say(f"{stand_in.image} cannot be pulled: {reason}")
        _bring_stand_in(engine, stand_in, state, say)
    say(f"stand-in for {stand_in.image} built from {stand_in.made_of}: it only resembles AWS's image")
    return BaseImage(image=stand_in.image, stand_in=True)


def _bring_stand_in(engine: Engine, stand_in: StandIn, state: Path, say: Callable[[str], None]) -> None:
    if not engine.builds_from_store:
        raise LocalError(
            f"the builder that BUILDX_BUILDER names cannot build FROM a stand-in for {stand_in.image}, because it "
            "does not read the engine's image store. Unset BUILDX_BUILDER, or make the image's registry reachable."
        )
    archives = state / ARCHIVES
    archive = stand_in.archive(archives)
    if archive.exists():
        docker(engine, "load", "--quiet", "--input", str(archive))
        return
    if not Machine.here().takes_private_engine():
        raise LocalError(
            f"a stand-in for {stand_in.image} can only be built as root on Debian. Make the image's registry "
            f"reachable, or bring the image yourself: docker load, then docker tag … {stand_in.image}"
        )
    say("building a stand-in, about a minute; mmdebstrap is installed with apt if it is missing")
    build(engine, stand_in, state=state, archives=archives)


def image_labels(engine: Engine, image: str) -> dict[str, str] | None:
    """The labels of an image in the engine's store; None when it is not there."""
    try:
        shown = docker(engine, "image", "inspect", "--format", "{{json .Config.Labels}}", image)
    except LocalError:
        return None
    return json.loads(shown) or {}


def pull(engine: Engine, image: str, say: Callable[[str], None]) -> str | None:
    """Pull the image; why that was not possible, or None when it was."""
    reason = unreachable(image.partition("/")[0])
    if reason is not None:
        return reason
    say(f"pulling {image}")
    try:
        docker(engine, "pull", "--quiet", image, seconds=PULL_SECONDS)
    except LocalError as error:
        return str(error)
    return None


def unreachable(registry: str) -> str | None:
    """Why the registry cannot be reached; None when it answers as registries do."""
    try:
        with urllib.request.urlopen(f"https://{registry}/v2/", timeout=REACH_SECONDS):
            return None
    except urllib.error.HTTPError as answer:
        if answer.code == HTTPStatus.UNAUTHORIZED:  # it asks for a token, which pulling brings
            return None
        return f"{registry} answers {answer.code} {answer.reason}"
    except OSError as problem:
        return f"{registry} cannot be reached ({getattr(problem, 'reason', problem)})"
