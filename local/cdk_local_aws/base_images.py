"""Brings public base images into the engine's store: pulls them, or builds stand-ins."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

from cdk_local_aws.engine import Engine, Machine
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_files import locked
from cdk_local_aws.stand_in_images import LABEL, LAMBDA_PYTHON, RECIPE_LABEL, StandIn, build, docker

REACH_SECONDS = 5
PULL_SECONDS = 300
ARCHIVES = "stand-ins"  # folder of the built stand-ins, below the state


def ensure_base_images(
    engine: Engine,
    *,
    state: Path,
    say: Callable[[str], None],
    stand_ins: Sequence[StandIn] = (LAMBDA_PYTHON,),
) -> tuple[str, ...]:
    """Bring each image into the engine's store, and return the names of those that are stand-ins.

    Raises LocalError if an image can neither be pulled nor built.
    """
    state = state.resolve()
    with locked(state / ARCHIVES):
        return tuple(each.image for each in stand_ins if _ensure(engine, each, state, say))


def _ensure(engine: Engine, stand_in: StandIn, state: Path, say: Callable[[str], None]) -> bool:
    """Bring an image into the store, and return whether it is a stand-in."""
    fingerprint = stand_in.fingerprint()
    labels = image_labels(engine, stand_in.image)
    if labels is not None and LABEL not in labels:
        return False
    if labels is None or labels.get(RECIPE_LABEL) != fingerprint:
        reason = pull(engine, stand_in.image, say)
        if reason is None:
            return False
        say(f"{stand_in.image} cannot be pulled: {reason}")
        _bring_stand_in(engine, stand_in, state, say)
    say(f"stand-in for {stand_in.image} built from {stand_in.made_of}: it only resembles AWS's image")
    return True


def _bring_stand_in(engine: Engine, stand_in: StandIn, state: Path, say: Callable[[str], None]) -> None:
    if not engine.builds_from_store:
        raise LocalError(
            f"BUILDX_BUILDER: its builder does not read the engine's image store, which has a stand-in for "
            f"{stand_in.image}; unset it, or make the image's registry reachable"
        )
    archives = state / ARCHIVES
    archive = stand_in.archive(archives)
    if archive.exists():
        docker(engine, "load", "--quiet", "--input", str(archive))
        return
    if not Machine.here().takes_private_engine():
        raise LocalError(
            f"{stand_in.image}: its stand-in can only be built as root on Debian; make the image's registry "
            f"reachable, or load the image yourself: docker load, then docker tag … {stand_in.image}"
        )
    say("building a stand-in, about a minute; mmdebstrap is installed with apt if it is missing")
    build(engine, stand_in, state=state, archives=archives)


def image_labels(engine: Engine, image: str) -> dict[str, str] | None:
    """Return the labels of an image in the engine's store, or None if the store lacks it."""
    try:
        shown = docker(engine, "image", "inspect", "--format", "{{json .Config.Labels}}", image)
    except LocalError:
        return None
    return json.loads(shown) or {}


def pull(engine: Engine, image: str, say: Callable[[str], None]) -> str | None:
    """Pull the image; return why that failed, or None."""
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
    """Return why the registry cannot be reached, or None if it answers as registries do."""
    try:
        with urllib.request.urlopen(f"https://{registry}/v2/", timeout=REACH_SECONDS):
            return None
    except urllib.error.HTTPError as answer:
        if answer.code == HTTPStatus.UNAUTHORIZED:  # it requires a token, which docker gets
            return None
        return f"{registry} answers {answer.code} {answer.reason}"
    except OSError as problem:
        return f"{registry} cannot be reached ({getattr(problem, 'reason', problem)})"
