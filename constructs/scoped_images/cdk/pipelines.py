"""Checks that CDK Pipelines, which builds all images of a stage at once, finds ordered images built already."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from constructs import IConstruct

from scoped_images.cdk.annotations import annotate_error
from scoped_images.cdk.place import path_of
from scoped_images.cdk.registered_image import RegisteredImage

BUILD_COMMAND = "scoped-images build --app cdk.out --deploy-first"
_BUILD = re.compile(r"\bscoped-images build\b")


def is_pipeline(node: IConstruct) -> bool:
    """Return whether a construct is a pipeline of CDK Pipelines."""
    # Importing it takes a second; an app that has a pipeline has imported it.
    pipelines = sys.modules.get("aws_cdk.pipelines")
    return pipelines is not None and isinstance(node, pipelines.PipelineBase)


def check_pipeline(pipeline: IConstruct, images: Iterable[RegisteredImage]) -> None:
    """Annotate an error if a pipeline deploys an image that must be built after other stacks, and does not build it."""
    commands = getattr(pipeline.synth, "commands", ())  # type: ignore[attr-defined]
    if any(_BUILD.search(command) for command in commands):
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
