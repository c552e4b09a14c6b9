"""Looks at everything in an app that runs one of its images: an aspect first, a check of the resolved templates last."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import Aspects, CfnResource, IAspect, Stack, Stage
from constructs import Construct, IConstruct, IValidation

from scoped_images.cdk.annotations import annotate_error
from scoped_images.cdk.architectures import set_architecture
from scoped_images.cdk.image_uses import ImageUses
from scoped_images.cdk.place import path_of, stack_of
from scoped_images.cdk.register import Register
from scoped_images.cdk.rendered_templates import render
from scoped_images.cdk.watch_file import write_watch_file

# By stack, since finding the watch of a stage takes several calls to JavaScript.
_REGISTERS: WeakKeyDictionary[Stack, Register] = WeakKeyDictionary()


def register_of(scope: Construct) -> Register:
    """Return the register of the app that `scope` is in, and have its stage watched."""
    if isinstance(scope, Stage):
        return _find_register(scope)
    stack = stack_of(scope)
    found = _REGISTERS.get(stack)
    if found is None:
        found = _REGISTERS[stack] = _find_register(stack)
    return found


def _find_register(scope: Construct) -> Register:
    root, stage = scope.node.root, scope if isinstance(scope, Stage) else Stage.of(scope)
    assert isinstance(root, Construct)
    # Not the app only: aspects do not reach into stages.
    assert stage is not None, "every construct of an app is in a stage: the app itself is one"
    register = _watch(root, None)
    return _watch(stage, register)


def _watch(stage: Construct, register: Register | None) -> Register:
    aspects = Aspects.of(stage)
    watch = next((aspect for aspect in aspects.all if isinstance(aspect, ImageWatch)), None)
    if watch is None:
        # The app has the first of them, and the folder that the CLI reads.
        outdir = Path(stage.outdir) if register is None and isinstance(stage, Stage) else None
        watch = ImageWatch(register or Register(), outdir)
        aspects.add(watch)
        stage.node.add_validation(watch)
    return watch.register


BUILD_COMMAND = "scoped-images build --app cdk.out --deploy-first"
_BUILD = re.compile(r"\bscoped-images build\b")


@jsii.implements(IAspect, IValidation)
class ImageWatch:
    """Watches one stage of an app. As an aspect it sets architectures; as a validation it checks what came of it."""

    def __init__(self, register: Register, outdir: Path | None) -> None:
        self.register, self._outdir = register, outdir
        self._stacks: list[Stack] = []
        self._resources: list[CfnResource] = []
        self._pipelines: list[IConstruct] = []

    def visit(self, node: IConstruct) -> None:
        """Remember stacks, resources and pipelines; set an architecture that is not set.

        It runs for every construct of the app, so it must not call JavaScript for most of them.
        """
        if isinstance(node, CfnResource):
            self._resources.append(node)
            if self.register.images:
                set_architecture(node, self.register.images)
        elif isinstance(node, Stack):
            self._stacks.append(node)
        elif isinstance(node, Stage):
            # The first of a walk: an app may be synthesized more than once.
            self._stacks, self._resources, self._pipelines = [], [], []
        elif _is_pipeline(node):
            self._pipelines.append(node)

    def validate(self) -> list[str]:
        """Check every resource that names an image of the app. Errors are annotations, which the CLI prints."""
        if self._outdir and self.register.contexts:
            write_watch_file(self._outdir, self.register.contexts)
        if self.register.images:
            ImageUses(render(self._stacks), self._stacks, self._resources, self.register).check()
            for pipeline in self._pipelines:
                if not _builds_images(pipeline):
                    self._check_pipeline(pipeline)
        return []

    def _check_pipeline(self, pipeline: IConstruct) -> None:
        ordered = {
            path_of(image.stack): path_of(image.scope) for image in self.register.images if image.ordered
        }
        deployed = [
            stack.construct_path
            for wave in pipeline.waves  # type: ignore[attr-defined]
            for stage in wave.stages
            for stack in stage.stacks
        ]
        for path in deployed:
            if path in ordered:
                annotate_error(
                    pipeline,
                    f"CDK Pipelines builds all images of a stage at once, before it deploys any of its stacks, got "
                    f"{ordered[path]!r}, which must be built after other stacks are deployed; run {BUILD_COMMAND} after "
                    "cdk synth in the synth step (docs/build.md), or give it and its base images "
                    "builder=RemoteBuilder(…)",
                )
                return


def _builds_images(pipeline: IConstruct) -> bool:
    """Whether the synth step builds all images in their order, so that CDK Pipelines finds them."""
    commands = getattr(pipeline.synth, "commands", ())  # type: ignore[attr-defined]
    return any(_BUILD.search(command) for command in commands)


def _is_pipeline(node: IConstruct) -> bool:
    # Importing it takes a second; an app that has a pipeline has imported it.
    pipelines = sys.modules.get("aws_cdk.pipelines")
    return pipelines is not None and isinstance(node, pipelines.PipelineBase)
