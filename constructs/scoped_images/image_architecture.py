"""Sets and checks the architecture of the functions and tasks that run an image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsii
from aws_cdk import Annotations, Aspects, CfnResource, IAspect, Stack, Stage
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

from scoped_images.platform import Platform

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
_TASK_ARCHITECTURES = {Platform.LINUX_AMD64: "X86_64", Platform.LINUX_ARM64: "ARM64"}


@dataclass(frozen=True)
class _Image:
    """platform, path of its stack, and whether it is referred to by digest."""

    platform: Platform
    stack: str
    pinned: bool


@jsii.implements(IAspect)
class ImageArchitectures:
    """Gives each function and task definition the architecture of its image.

    Both run x86-64 when none is set, and an arm64 image then fails only at its first call, with "exec format error".
    """

    def __init__(self) -> None:
        self._images: dict[str, _Image] = {}

    @classmethod
    def register(cls, scope: Construct, *, marker: str, platform: Platform, pinned: bool) -> None:
        """Watch the stage of `scope` for image URIs that contain `marker`."""
        # Not the app: aspects do not reach into stages.
        stage = Stage.of(scope)
        assert stage is not None, "every construct of an app is in a stage: the app itself is one"
        aspects = Aspects.of(stage)
        mine = next((aspect for aspect in aspects.all if isinstance(aspect, cls)), None)
        if mine is None:
            mine = cls()
            aspects.add(mine)
        mine._images[marker] = _Image(platform, Stack.of(scope).node.path, pinned)

    def visit(self, node: IConstruct) -> None:
        """Set what is unset; complain of what contradicts the image."""
        if isinstance(node, lambda_.CfnFunction):
            self._visit_function(node)
        elif isinstance(node, ecs.CfnTaskDefinition):
            self._visit_task(node)

    def _platform_of(self, node: CfnResource, image: Any) -> Platform | None:
        stack = Stack.of(node)
        text = json.dumps(stack.resolve(image))
        images = [found for marker, found in self._images.items() if marker in text]
        platforms = {found.platform for found in images}
        if len(platforms) > 1:
            Annotations.of(node).add_error(
                f"{node.node.path}: its images are built for {' and '.join(sorted(platforms))}, and it runs on one: "
                "build all of them for the same platform"
            )
            return None
        for found in images:
            if found.pinned and found.stack != stack.node.path:
                Annotations.of(node).add_error(
                    f"{node.node.path}: its image is pinned by a digest that stack {found.stack!r} would export, and "
                    "CloudFormation changes no export that is in use: put both into one stack, or make the image "
                    "with pin_digest=False"
                )
        return images[0].platform if images else None

    def _visit_function(self, function: lambda_.CfnFunction) -> None:
        platform = self._platform_of(function, function.code)
        if platform is None:
            return
        wanted = LAMBDA_ARCHITECTURES[platform].name
        if function.architectures is None:
            function.architectures = [wanted]
        elif list(function.architectures) != [wanted]:
            _complain(function, f"architecture is {function.architectures}", platform, wanted)

    def _visit_task(self, task: ecs.CfnTaskDefinition) -> None:
        platform = self._platform_of(task, task.container_definitions)
        if platform is None:
            return
        wanted = _TASK_ARCHITECTURES[platform]
        current = Stack.of(task).resolve(task.runtime_platform) or {}
        got = current.get("cpuArchitecture")
        if got is None:
            task.runtime_platform = ecs.CfnTaskDefinition.RuntimePlatformProperty(
                cpu_architecture=wanted, operating_system_family=current.get("operatingSystemFamily", "LINUX")
            )
        elif got != wanted:
            _complain(task, f"runtime platform's cpuArchitecture is {got!r}", platform, wanted)


def _complain(node: CfnResource, what: str, platform: Platform, wanted: str) -> None:
    Annotations.of(node).add_error(
        f"{node.node.path}: {what}, but its image is built for {platform}: leave it out or set {wanted}"
    )
