"""Gives what runs an image the image's architecture, where nothing else sets one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

# Its modules load when they are first used: aws_lambda and aws_ecs take half a second.
import aws_cdk
from aws_cdk import CfnResource

from scoped_images.cdk.app.registered_image import RegisteredImage
from scoped_images.cdk.place import stack_of
from scoped_images.platform import Platform
from scoped_images.templates.architecture import Architecture, architectures_of

# Those that CDK has a class for. Of a raw CfnResource nobody can see whether an override sets the property already.
# By module: to import the four takes half a second, and an app that has such a resource has imported its module.
_SETTABLE = {
    "aws_cdk.aws_lambda": ("CfnFunction", "AWS::Lambda::Function"),
    "aws_cdk.aws_sam": ("CfnFunction", "AWS::Serverless::Function"),
    "aws_cdk.aws_ecs": ("CfnTaskDefinition", "AWS::ECS::TaskDefinition"),
    "aws_cdk.aws_batch": ("CfnJobDefinition", "AWS::Batch::JobDefinition"),
}


@cache
def lambda_architecture(platform: Platform) -> aws_cdk.aws_lambda.Architecture:
    """Return the architecture of a function that runs images of a platform."""
    arm = platform is Platform.LINUX_ARM64
    architectures = aws_cdk.aws_lambda.Architecture
    return architectures.ARM_64 if arm else architectures.X86_64


@cache
def task_platform(platform: Platform) -> aws_cdk.aws_ecs.RuntimePlatform:
    """Return the runtime platform of a task that runs images of a platform."""
    ecs = aws_cdk.aws_ecs
    arm = platform is Platform.LINUX_ARM64
    return ecs.RuntimePlatform(
        cpu_architecture=ecs.CpuArchitecture.ARM64 if arm else ecs.CpuArchitecture.X86_64,
        operating_system_family=ecs.OperatingSystemFamily.LINUX,
    )


def set_architecture(resource: CfnResource, images: Iterable[RegisteredImage]) -> None:
    """Set the architecture of a function, task or job to that of its image, unless it has one.

    All run x86-64 by default, and an arm64 image then fails only at its first call, with "exec format error".
    Contradictions, and what overrides set later, are found when the templates are resolved.
    """
    resource_type = _settable_type(resource)
    if resource_type is None:
        return
    # One call to JavaScript, where all properties take three; most functions have an architecture.
    if resource_type == "AWS::Lambda::Function" and resource.architectures is not None:  # type: ignore[attr-defined]
        return
    properties = _as_in_templates(stack_of(resource).resolve(resource._cfn_properties))
    for architecture in architectures_of(resource_type, properties):
        if architecture.value is not None or architecture.property is None:
            continue
        text = json.dumps(architecture.images)
        named = [image for image in images if image.is_named_in(text)]
        platforms = {image.platforms for image in named}
        if len(platforms) == 1 and not named[0].is_index:
            _set(resource, architecture, named[0].platforms[0])


def _settable_type(resource: CfnResource) -> str | None:
    for module, (name, resource_type) in _SETTABLE.items():
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(resource, getattr(loaded, name)):
            return resource_type
    return None


def _set(resource: CfnResource, architecture: Architecture, platform: Platform) -> None:
    path = str(architecture.property)
    if path == "Architectures":
        resource.architectures = ["arm64" if platform is Platform.LINUX_ARM64 else "x86_64"]  # type: ignore[attr-defined]
        return
    resource.add_property_override(path, architecture.words[platform])
    # Fargate takes an architecture only together with it.
    resource.add_property_override(path.replace("CpuArchitecture", "OperatingSystemFamily"), "LINUX")


def _as_in_templates(value: Any) -> Any:
    """Give the properties of a construct the names that templates have: `imageUri` is `ImageUri` there."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _as_in_templates(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_in_templates(each) for each in value]
    return value
