"""Checks that CDK Pipelines, which builds all images of a stage at once, finds ordered images built already."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import PurePosixPath

from constructs import IConstruct

from scoped_images.cdk.annotations import annotate_error
from scoped_images.cdk.app.registered_image import RegisteredImage
from scoped_images.cdk.place import path_of

BUILD_COMMAND = "scoped-images build --app cdk.out --deploy-first"
_BUILD = re.compile(r"(?<![\w-])scoped-images\s+build(?![\w-])(?!.*--dry-run)")
# Programs that only print or search their words. Any other may run them.
_PRINTERS = ("echo", "printf", "cat", "grep", ":")
# What may come before the program of a command.
_BEFORE = re.compile(r"\w+=.*|if|then|else|do|{|!", re.DOTALL)
_ENDS = "();<>|&\n"


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
    # shlex takes a `#` within a word for a comment, as no shell does, and drops the line end after a comment.
    text = re.sub(rf"(?<=[^\s{_ENDS}])#", "", script.replace("\\\n", "")).replace("\n", "\n\n")
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_ENDS)
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    try:
        words = list(lexer)
    except ValueError:  # a quotation that does not end, such as an apostrophe in a here-document
        return _BUILD.search(text) is not None
    commands = groupby(words, lambda word: set(word) <= set(_ENDS))
    return any(not ends and _is_build(list(command)) for ends, command in commands)


def _is_build(words: list[str]) -> bool:
    """Return whether the words of one command run the build, themselves or by a program such as `uv run`."""
    first = next((word for word in words if not _BEFORE.fullmatch(word)), "")
    return PurePosixPath(first).name not in _PRINTERS and _BUILD.search(" ".join(words)) is not None
