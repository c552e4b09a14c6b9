"""A base image, in a stack of its own so that its dependents wait for it."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Environment as StackEnvironment
from aws_cdk import Stack
from constructs import Construct

from scoped_images import BaseImage, Environment, ImageRepository, ScopedContext


class BaseStack(Stack):
    """The base image with one shared package."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        env: StackEnvironment,
        repository: ImageRepository,
        directory: Path,
        dockerfile: Path,
        base: BaseImage | None = None,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        self.image = BaseImage(
            self,
            "Image",
            repository=repository,
            context=ScopedContext.of(directory, dockerfile=dockerfile),
            platform=environment.platform,
            base=base,
            tag=environment.base_tag,
        )
