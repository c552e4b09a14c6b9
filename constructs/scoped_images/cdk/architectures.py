"""Gives what runs an image the image's architecture, where nothing else sets one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_

from scoped_images.cdk.register import RegisteredImage
from scoped_images.platform import Platform
from scoped_images.templates.architecture import FUNCTIONS, architectures_of

LAMBDA_ARCHITECTURES = {
    Platform.LINUX_AMD64: lambda_.Architecture.X86_64,
    Platform.LINUX_ARM64: lambda_.Architecture.ARM_64,
}
TASK_PLATFORMS = {
    Platform.LINUX_AMD64: ecs.RuntimePlatform(
        cpu_architecture=ecs.CpuArchitecture.X86_64, operating_system_family=ecs.OperatingSystemFamily.LINUX
    ),
    Platform.LINUX_ARM64: ecs.RuntimePlatform(
        cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
    ),
}
# Those that CDK has a class for. Of a raw CfnResource nobody can see whether an override sets the property already.
_SETTABLE = (*FUNCTIONS, "AWS::ECS::TaskDefinition", "AWS::Batch::JobDefinition")


def set_architecture(resource: CfnResource, images: Iterable[RegisteredImage]) -> None:
    """Set the architecture of a function, task or job to that of its image, unless it has one.

    All run x86-64 by default, and an arm64 image then fails only at its first call, with "exec format error".
    Contradictions, and what overrides set later, are found when the templates are resolved.
    """
    resource_type = resource.cfn_resource_type
    if resource_type not in _SETTABLE or type(resource) is CfnResource:
        return
    properties = _as_in_templates(Stack.of(resource).resolve(resource._cfn_properties))
    for architecture in architectures_of(resource_type, properties):
        if architecture.value is not None or architecture.property is None:
            continue
        text = json.dumps(architecture.images)
        named = [image for image in images if image.is_named_in(text)]
        platforms = {image.platforms for image in named}
        if len(platforms) == 1 and not named[0].is_index:
            _set(resource, architecture.property, named[0].platforms[0], properties)


def _set(resource: CfnResource, path: str, platform: Platform, properties: dict[str, Any]) -> None:
    if path == "Architectures":
        resource.architectures = [LAMBDA_ARCHITECTURES[platform].name]  # type: ignore[attr-defined]
        return
    word = "ARM64" if platform is Platform.LINUX_ARM64 else "X86_64"
    if isinstance(resource, ecs.CfnTaskDefinition):
        family = properties.get("RuntimePlatform", {}).get("OperatingSystemFamily", "LINUX")
        resource.runtime_platform = ecs.CfnTaskDefinition.RuntimePlatformProperty(
            cpu_architecture=word, operating_system_family=family
        )
    else:
        resource.add_property_override(path, word)
        # Fargate takes an architecture only together with it.
        resource.add_property_override(path.replace("CpuArchitecture", "OperatingSystemFamily"), "LINUX")


def _as_in_templates(value: Any) -> Any:
    """A construct's own properties with the names that templates have: `imageUri` is `ImageUri` there."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _as_in_templates(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_in_templates(each) for each in value]
    return value
