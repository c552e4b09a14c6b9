"""Watches what runs the images of a stage: by an aspect, and last in the resolved templates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import jsii
from aws_cdk import CfnResource, IAspect, Stack, Stage
from constructs import IConstruct, IValidation

from scoped_images.cdk.app.architectures import set_architecture
from scoped_images.cdk.app.image_uses import ImageUses
from scoped_images.cdk.app.pipelines import check_pipeline, is_pipeline
from scoped_images.cdk.app.register import Register
from scoped_images.cdk.app.rendered_templates import render
from scoped_images.context.watch_patterns import WATCH_FILE, watch_patterns
from scoped_images.json_file import write_json


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
        # Not isinstance, which asks each class that aws_cdk has below CfnResource.
        if CfnResource in type(node).__mro__:
            self._resources.append(cast(CfnResource, node))
            if self.register.images:
                set_architecture(cast(CfnResource, node), self.register.images)
        elif isinstance(node, Stack):
            self._stacks.append(node)
        elif isinstance(node, Stage):
            # The first of a walk: an app may be synthesized more than once.
            self._stacks, self._resources, self._pipelines = [], [], []
            self.register.begin()
        elif is_pipeline(node):
            self._pipelines.append(node)

    def validate(self) -> list[str]:
        """Check every resource that names an image of the app. Errors are annotations, which the CLI prints."""
        self.register.finish()
        if self._outdir and self.register.contexts:
            # The Python files that synth has imported, too.
            modules = {getattr(each, "__file__", None) or "" for each in list(sys.modules.values())} - {""}
            patterns = watch_patterns(
                self.register.contexts, modules, files=self.register.watched_files, folder=Path.cwd()
            )
            write_json(self._outdir / WATCH_FILE, {"include": patterns})
        if self.register.images:
            ImageUses(render(self._stacks), self._stacks, self._resources, self.register).check()
            for pipeline in self._pipelines:
                check_pipeline(pipeline, self.register.images)
        return []
