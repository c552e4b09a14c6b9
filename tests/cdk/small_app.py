"""A small app: repositories, a base and room for what is built from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from scoped_images import BaseImage, ImageLifecycle, ImageRepository, OrderedAssets, Platform, ScopedContext

PLACE = cdk.Environment(account="111111111111", region="eu-west-1")


class SmallApp:
    """An app in a folder of its own, with helpers that name what they make."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.app = cdk.App(outdir=str(directory / "cdk.out"), default_stack_synthesizer=OrderedAssets())

    def stack(self, name: str, **properties: Any) -> cdk.Stack:
        return cdk.Stack(self.app, name, **{"env": PLACE, **properties})

    def context(self, name: str) -> ScopedContext:
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(
            "ARG BASE_IMAGE_URI=scratch\nFROM ${BASE_IMAGE_URI}\nCOPY . /\nRUN true\n"
        )
        (folder / "code.py").write_text(name)
        return ScopedContext.of(folder)

    def repository(self, scope: Construct, name: str, **options: Any) -> ImageRepository:
        lifecycle = ImageLifecycle(max_images=5, untagged_days=1)
        return ImageRepository(scope, name, repository_name=name, lifecycle=lifecycle, **options)

    def base(self, scope: Construct, name: str, repository: ImageRepository, **options: Any) -> BaseImage:
        context = options.pop("context", None) or self.context(name)
        return BaseImage(
            scope,
            name,
            repository=repository,
            context=context,
            **{"platform": Platform.LINUX_ARM64, **options},
        )

    def synth(self) -> dict[str, Any]:
        """Every JSON file of the cloud assembly, by name."""
        directory = Path(self.app.synth().directory)
        return {file.name: json.loads(file.read_text()) for file in directory.glob("*.json")}
