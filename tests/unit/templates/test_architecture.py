"""Where each service says the architecture that it runs an image on."""

from __future__ import annotations

from typing import Any

import pytest

from scoped_images.platform import Platform
from scoped_images.templates.architecture import architectures_of

AMD64, ARM64 = Platform.LINUX_AMD64, Platform.LINUX_ARM64
FARGATE = {"PlatformCapabilities": ["FARGATE"]}
X86_TASK = {"RuntimePlatform": {"CpuArchitecture": "X86_64"}}
JOB = "ContainerProperties.RuntimePlatform.CpuArchitecture"


@pytest.mark.parametrize(
    ("resource", "properties", "found"),
    [
        ("Lambda::Function", {}, ("Architectures", AMD64, "['arm64']")),
        ("Lambda::Function", {"Architectures": ["arm64"]}, ("Architectures", ARM64, "['arm64']")),
        ("Lambda::Function", {"Architectures": [{"Ref": "A"}]}, ("Architectures", None, "['arm64']")),
        ("Serverless::Function", {}, ("Architectures", AMD64, "['arm64']")),
        ("ECS::TaskDefinition", X86_TASK, ("RuntimePlatform.CpuArchitecture", AMD64, "ARM64")),
        (
            "Batch::JobDefinition",
            {**FARGATE, "ContainerProperties": {"RuntimePlatform": {"CpuArchitecture": "ARM64"}}},
            (JOB, ARM64, "ARM64"),
        ),
        (
            "Batch::JobDefinition",
            {**FARGATE, "EcsProperties": {"TaskProperties": [X86_TASK]}},
            ("EcsProperties.TaskProperties.0.RuntimePlatform.CpuArchitecture", AMD64, "ARM64"),
        ),
        # Batch refuses runtimePlatform outside of Fargate, where the instances decide.
        ("Batch::JobDefinition", {"ContainerProperties": {"Image": "a"}}, None),
        (
            "CodeBuild::Project",
            {"Environment": {"Type": "LINUX_LAMBDA_CONTAINER"}},
            ("Environment.Type", AMD64, "ARM_LAMBDA_CONTAINER"),
        ),
        (
            "CodeBuild::Project",
            {"Environment": {"Type": "LINUX_GPU_CONTAINER"}},
            ("Environment.Type", AMD64, "ARM_CONTAINER"),
        ),
        (
            "CodeBuild::Project",
            {"Environment": {"Type": "ARM_CONTAINER"}},
            ("Environment.Type", ARM64, "ARM_CONTAINER"),
        ),
        (
            "CodeBuild::Project",
            {"Environment": {"Type": "WINDOWS_SERVER_2022_CONTAINER"}},
            ("Environment.Type", None, "ARM_CONTAINER"),
        ),
        ("AppRunner::Service", {}, (None, AMD64, None)),
        ("BedrockAgentCore::Runtime", {}, (None, ARM64, None)),
        ("S3::Bucket", {}, None),
    ],
)
def test_the_property_its_platform_and_the_word_for_arm64(
    resource: str, properties: dict[str, Any], found: tuple[Any, ...] | None
) -> None:
    architectures = architectures_of(f"AWS::{resource}", properties)
    assert [(each.property, each.platform, each.words.get(ARM64)) for each in architectures] == (
        [] if found is None else [found]
    )
