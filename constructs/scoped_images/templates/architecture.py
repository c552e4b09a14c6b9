"""Where a resource that runs an image says for which architecture, by CloudFormation type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scoped_images.platform import Platform

_AMD64, _ARM64 = Platform.LINUX_AMD64, Platform.LINUX_ARM64
_LAMBDA = {_AMD64: "x86_64", _ARM64: "arm64"}
_TASK = {_AMD64: "X86_64", _ARM64: "ARM64"}
FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")
# https://docs.aws.amazon.com/lambda/latest/dg/images-create.html and
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
SAME_REGION = (*FUNCTIONS, "AWS::SageMaker::Model")


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The architecture that a resource runs some of its images on.

    images: the part of its properties that names them.
    property: the path of the property; None where the service has one architecture only.
    value: of the property, None where it is unset.
    platform: None where the value is unknown.
    words: what the property takes, by platform.
    """

    images: Any
    property: str | None
    value: Any
    platform: Platform | None
    words: Mapping[Platform, str]


def architectures_of(resource_type: str, properties: Mapping[str, Any]) -> Iterator[Architecture]:
    """Yield the architectures that a resource's properties set, or leave to the service's default."""
    if resource_type == "AWS::Lambda::Function":
        yield _listed(properties.get("Code"), properties)
    elif resource_type == "AWS::Serverless::Function":
        yield _listed(properties.get("ImageUri"), properties)
    elif resource_type == "AWS::ECS::TaskDefinition":
        yield _runtime_platform(properties.get("ContainerDefinitions"), properties, "")
    elif resource_type == "AWS::Batch::JobDefinition":
        yield from _batch(properties)
    elif resource_type == "AWS::CodeBuild::Project":
        yield _codebuild(_mapping(properties.get("Environment")))
    elif resource_type == "AWS::AppRunner::Service":
        yield _only(_AMD64, properties.get("SourceConfiguration"))
    elif resource_type == "AWS::BedrockAgentCore::Runtime":
        # https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-service-contract.html
        yield _only(_ARM64, properties.get("AgentRuntimeArtifact"))


def _listed(images: Any, properties: Mapping[str, Any]) -> Architecture:
    value = properties.get("Architectures")
    platforms = {(word,): platform for platform, word in _LAMBDA.items()}
    known = tuple(value) if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value) else ()
    return Architecture(
        images=images,
        property="Architectures",
        value=value,
        platform=_AMD64 if value is None else platforms.get(known),
        words={platform: f"['{word}']" for platform, word in _LAMBDA.items()},
    )


def _runtime_platform(images: Any, properties: Mapping[str, Any], prefix: str) -> Architecture:
    value = _mapping(properties.get("RuntimePlatform")).get("CpuArchitecture")
    return Architecture(
        images=images,
        property=f"{prefix}RuntimePlatform.CpuArchitecture",
        value=value,
        platform=_AMD64 if value is None else _by_word(_TASK, value),
        words=_TASK,
    )


def _batch(properties: Mapping[str, Any]) -> Iterator[Architecture]:
    """On Fargate only: elsewhere the compute environment's instances decide, and RuntimePlatform is refused."""
    if "FARGATE" not in (properties.get("PlatformCapabilities") or ()):
        return
    container = _mapping(properties.get("ContainerProperties"))
    if container:
        yield _runtime_platform(container, container, "ContainerProperties.")
    tasks = _mapping(properties.get("EcsProperties")).get("TaskProperties")
    for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
        yield _runtime_platform(
            _mapping(task).get("Containers"), _mapping(task), f"EcsProperties.TaskProperties.{index}."
        )


def _codebuild(environment: Mapping[str, Any]) -> Architecture:
    value = environment.get("Type")
    arm = isinstance(value, str) and value.startswith("ARM_")
    linux = isinstance(value, str) and value.startswith("LINUX_")
    # LINUX_CONTAINER, LINUX_EC2 and LINUX_LAMBDA_CONTAINER have a twin for arm64; LINUX_GPU_CONTAINER has none.
    kind = str(value).partition("_")[2] if arm or linux else "CONTAINER"
    return Architecture(
        images=environment.get("Image"),
        property="Environment.Type",
        value=value,
        platform=_ARM64 if arm else _AMD64 if linux else None,
        words={_AMD64: f"LINUX_{kind}", _ARM64: f"ARM_{kind.removeprefix('GPU_')}"},
    )


def _only(platform: Platform, images: Any) -> Architecture:
    return Architecture(images=images, property=None, value=None, platform=platform, words={})


def _by_word(words: Mapping[Platform, str], value: Any) -> Platform | None:
    return next((platform for platform, word in words.items() if word == value), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
