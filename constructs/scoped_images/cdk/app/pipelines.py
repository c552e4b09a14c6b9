"""Checks that CDK Pipelines, which builds all images of a stage at once, finds ordered images built already."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from itertools import pairwise

from constructs import IConstruct

from scoped_images.cdk.annotations import annotate_error
from scoped_images.cdk.app.registered_image import RegisteredImage
from scoped_images.cdk.place import path_of

BUILD_COMMAND = "scoped-images build --app cdk.out --deploy-first"
_BUILD = re.compile(r"\bscoped-images\s+build\b")
_ENDS_COMMAND = ";&|()\n"


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
    lexer = shlex.shlex(script.replace("\\\n", ""), posix=True, punctuation_chars=_ENDS_COMMAND)
    # shlex takes a `#` within a word for a comment, as no shell does.
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
    try:
        words = list(lexer)
    except ValueError:  # a quotation that does not end, such as an apostrophe in a comment
        return _BUILD.search(script) is not None
    commands: list[list[str]] = [[]]
    comment = False
    for word in words:
        ends = set(word) <= set(_ENDS_COMMAND)
        comment = (comment or word.startswith("#")) and "\n" not in word
        if ends:
            commands.append([])
        elif not comment:
            commands[-1].append(word)
    return any(_is_build(command) for command in commands)


def _is_build(words: list[str]) -> bool:
    """Return whether the words of one command run the build, perhaps by another program such as `uv run`."""
    return "--dry-run" not in words and any(
        program.rpartition("/")[2] == "scoped-images" and command == "build"
        for program, command in pairwise(words)
    )
