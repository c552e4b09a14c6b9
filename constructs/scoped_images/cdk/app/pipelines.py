"""Checks that CDK Pipelines, which builds all images of a stage at once, finds ordered images built already."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby, pairwise
from pathlib import PurePosixPath

from constructs import IConstruct

from scoped_images.cdk.annotations import annotate_error
from scoped_images.cdk.app.registered_image import RegisteredImage
from scoped_images.cdk.place import path_of

BUILD_COMMAND = "scoped-images build --app cdk.out --deploy-first"
# What the command that builds may begin with. Any other program, such as echo, does not run it.
_BEGINNING = re.compile(
    "scoped-images|uv|uvx|poetry|pdm|pipenv|pipx|hatch|pixi|env|exec|time|timeout|sudo|if|then|else|do|while|!|{"
)


def is_pipeline(node: IConstruct) -> bool:
    """Return whether a construct is a pipeline of CDK Pipelines."""
    # Importing it takes a second; an app that has a pipeline has imported it.
    pipelines = sys.modules.get("aws_cdk.pipelines")
    return pipelines is not None and isinstance(node, pipelines.PipelineBase)


def check_pipeline(pipeline: IConstruct, images: Iterable[RegisteredImage]) -> None:
    """Annotate an error if a pipeline deploys an image that must be built after other stacks, and does not build it."""
    synth = pipeline.synth  # type: ignore[attr-defined]
    # A file set is what a step makes.
    step = getattr(synth, "producer", synth)
    if any(builds_images(command) for command in getattr(step, "commands", ())):
        return
    ordered = {path_of(image.stack): path_of(image.scope) for image in images if image.ordered}
    deployed = (
        stack.construct_path
        for wave in pipeline.waves  # type: ignore[attr-defined]
        for stage in wave.stages
        for stack in stage.stacks
    )
    path = next((path for path in deployed if path in ordered), None)
    if path is not None:
        annotate_error(
            pipeline,
            "CDK Pipelines builds all images of a stage at once, before it deploys any of its stacks, got "
            f"{ordered[path]!r}, which must be built after other stacks are deployed; run {BUILD_COMMAND} after "
            "cdk synth in the synth step (docs/build.md), or give it and its base images builder=RemoteBuilder(…)",
        )


def builds_images(script: str) -> bool:
    """Return whether a command of a shell step builds the images, as far as its words show."""
    for line in script.replace("\\\n", "").splitlines():
        # shlex takes a `#` within a word for a comment, as no shell does.
        lexer = shlex.shlex(re.sub(r"(?<=\S)#", "", line), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        # shlex raises for a quotation that does not end in its line.
        with suppress(ValueError):
            for ends, words in groupby(list(lexer), lambda word: set(word) <= set("();<>|&")):
                if not ends and _is_build(list(words)):
                    return True
    return False


def _is_build(words: list[str]) -> bool:
    """Return whether the words of one command run the build, themselves or by a program such as `uv run`."""
    names = [PurePosixPath(word).name for word in words]
    first = next((name for name in names if "=" not in name), "")
    return (
        _BEGINNING.fullmatch(first) is not None
        and ("scoped-images", "build") in pairwise(names)
        and "--dry-run" not in words
    )
