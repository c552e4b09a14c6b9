"""What runs an image, and what a test asks about it."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template
from constructs import Construct

from scoped_images import ScopedImage
from tests.cdk.small_app import SmallApp


def function_of(scope: Construct, image: ScopedImage, **options: Any) -> lambda_.DockerImageFunction:
    """A stock function that runs an image."""
    return lambda_.DockerImageFunction(scope, "Function", code=image.to_lambda_code(), **options)


def task_of(scope: Construct, image: ScopedImage, **options: Any) -> None:
    """A stock task definition that runs an image."""
    task = ecs.FargateTaskDefinition(scope, "Task", **options)
    task.add_container("app", image=image.to_container_image())


def uri(image: ScopedImage) -> str:
    """The image by its tag."""
    return image.repository.repository_uri_for_tag(image.tag)


def waits_for(small_app: SmallApp, stack: str) -> set[str]:
    """The stacks that are deployed before a stack."""
    dependencies = small_app.synth()["manifest.json"]["artifacts"][stack]["dependencies"]
    return {name for name in dependencies if not name.endswith(".assets")}


def properties_of(stack: cdk.Stack, resource_type: str) -> Any:
    """The properties of the one resource of a type."""
    (resource,) = Template.from_stack(stack).find_resources(resource_type).values()
    return resource["Properties"]
