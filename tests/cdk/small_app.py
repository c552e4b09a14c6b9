"""A small app: repositories, bases, images, and what their stacks say."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Annotations, Match
from constructs import Construct

from scoped_images import (
    BaseImage,
    ImageLifecycle,
    ImageRepository,
    OrderedAssets,
    Platform,
    ScopedContext,
    ScopedImage,
)

PLACE = cdk.Environment(account="111111111111", region="eu-west-1")
REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
BOTH = [Platform.LINUX_ARM64, Platform.LINUX_AMD64]


class SmallApp:
    """An app in a folder of its own, with helpers that name what they make."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.app = cdk.App(outdir=str(directory / "cdk.out"), default_stack_synthesizer=OrderedAssets())

    def stack(self, name: str, **properties: Any) -> cdk.Stack:
        return cdk.Stack(self.app, name, **{"env": PLACE, **properties})

    def javascript_stack(self) -> cdk.Stack:
        """The stack `Edge` in us-east-1, which JavaScript made: jsii returns another object at each call."""
        return cdk.Stack.of(self._edge_function.lambda_)

    @cached_property
    def _edge_function(self) -> cdk.aws_cloudfront.experimental.EdgeFunction:
        return cdk.aws_cloudfront.experimental.EdgeFunction(
            self.stack("Viewer"),
            "Function",
            stack_id="Edge",
            runtime=cdk.aws_lambda.Runtime.PYTHON_3_14,
            handler="index.handler",
            code=cdk.aws_lambda.Code.from_inline("def handler(event, context): pass"),
        )

    @cached_property
    def repositories(self) -> cdk.Stack:
        """The stack of the repositories that need no other."""
        return self.stack("Repositories")

    def context(self, name: str, dockerfile: str = "COPY . /\nRUN true\n") -> ScopedContext:
        """A folder with a file, and a Dockerfile of these steps on a base."""
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(
            f"ARG BASE_IMAGE_URI=scratch\nFROM ${{BASE_IMAGE_URI}}\n{dockerfile}"
        )
        (folder / "code.py").write_text(name)
        return ScopedContext.of(folder)

    def repository(
        self, name: str = "app-dev", scope: Construct | None = None, **options: Any
    ) -> ImageRepository:
        lifecycle = ImageLifecycle(max_images=5, untagged_days=1)
        scope = self.repositories if scope is None else scope
        return ImageRepository(scope, name, **{"repository_name": name, "lifecycle": lifecycle, **options})

    def base(self, scope: Construct, name: str, repository: ImageRepository, **options: Any) -> BaseImage:
        context = options.pop("context", None) or self.context(name)
        given = {"platform": Platform.LINUX_ARM64, **options}
        return BaseImage(scope, name, repository=repository, context=context, **given)

    def image(self, scope: Construct, name: str = "Image", **options: Any) -> ScopedImage:
        """An image of the context `app`, for linux/arm64 unless the options say otherwise."""
        given: dict[str, Any] = {"context": self.context("app")}
        if "platforms" not in options and not isinstance(options.get("base"), BaseImage):
            given["platform"] = Platform.LINUX_ARM64
        return ScopedImage(scope, name, **{**given, **options})

    def synth(self) -> dict[str, Any]:
        """Every JSON file of the cloud assembly, by name."""
        directory = Path(self.app.synth().directory)
        return {file.name: json.loads(file.read_text()) for file in directory.glob("*.json")}

    def assets(self, stack: str = "App") -> list[dict[str, Any]]:
        """The images in the asset manifest of a stack."""
        return list(self.synth()[f"{stack}.assets.json"].get("dockerImages", {}).values())


def errors(stack: cdk.Stack) -> list[str]:
    """The errors of a stack, each with the path of its construct first."""
    found = Annotations.from_stack(stack).find_error("*", Match.any_value())
    return sorted(str(entry.entry.data) for entry in found)


def notes(*stacks: cdk.Stack) -> list[tuple[str, str]]:
    """The path and the text of everything that stacks only note."""
    found = [
        each for stack in stacks for each in Annotations.from_stack(stack).find_info("*", Match.any_value())
    ]
    return [(str(each.id), str(each.entry.data)) for each in found]
