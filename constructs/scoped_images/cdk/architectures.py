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
    """platform: None for an index over several. stack: the one that publishes it. pinned: whether by its digest."""

    platform: Platform | None
    stack: Stack
    pinned: bool


@jsii.implements(IAspect)
class ImageArchitectures:
    """Gives each function and task definition the architecture of its image, and has its stack wait for the image's.

    Both run x86-64 when none is set, and an arm64 image then fails only at its first call, with "exec format error".
    A tag is a literal, by which CloudFormation does not know that one stack needs the other.
    """

    def __init__(self) -> None:
        self._images: dict[str, _Image] = {}

    @classmethod
    def register(cls, scope: Construct, *, marker: str, platform: Platform | None, pinned: bool) -> None:
        """Watch the stage of `scope` for image URIs that contain `marker`. platform: None for an index."""
        # Not the app: aspects do not reach into stages.
        stage = Stage.of(scope)
        assert stage is not None, "every construct of an app is in a stage: the app itself is one"
        aspects = Aspects.of(stage)
        mine = next((aspect for aspect in aspects.all if isinstance(aspect, cls)), None)
        if mine is None:
            mine = cls()
            aspects.add(mine)
        mine._images[marker] = _Image(platform, _top(Stack.of(scope)), pinned)

    def visit(self, node: IConstruct) -> None:
        """Set what is unset; complain of what contradicts the image."""
        if isinstance(node, lambda_.CfnFunction):
            self._visit_function(node)
        elif isinstance(node, ecs.CfnTaskDefinition):
            self._visit_task(node)

    def _images_of(self, node: CfnResource, image: Any) -> list[_Image]:
        """The images that a property of `node` names, whose stack comes first."""
        stack = _top(Stack.of(node))
        text = json.dumps(Stack.of(node).resolve(image))
        images = [found for marker, found in self._images.items() if marker in text]
        for found in images:
            if found.stack.node.path != stack.node.path:
                _wait(node, stack, found)
        return images

    def _platform_of(self, node: CfnResource, images: list[_Image]) -> Platform | None:
        platforms = {found.platform for found in images if found.platform is not None}
        if len(platforms) > 1:
            Annotations.of(node).add_error(
                f"{node.node.path}: its images are built for {' and '.join(sorted(platforms))}, and it runs on one: "
                "build all of them for the same platform"
            )
            return None
        return next(iter(platforms), None)

    def _visit_function(self, function: lambda_.CfnFunction) -> None:
        images = self._images_of(function, function.code)
        if any(found.platform is None for found in images):
            Annotations.of(function).add_error(
                f"{function.node.path}: its image is an index over several platforms, which Lambda does not take: make "
                "its code with to_lambda_code(platform=…)"
            )
        platform = self._platform_of(function, images)
        if platform is None:
            return
        wanted = LAMBDA_ARCHITECTURES[platform].name
        if function.architectures is None:
            function.architectures = [wanted]
        elif list(function.architectures) != [wanted]:
            _complain(function, f"architecture is {function.architectures}", platform, wanted)

    def _visit_task(self, task: ecs.CfnTaskDefinition) -> None:
        platform = self._platform_of(task, self._images_of(task, task.container_definitions))
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


def _top(stack: Stack) -> Stack:
    """The stack that a nested one is deployed with."""
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return stack


def _wait(node: CfnResource, stack: Stack, image: _Image) -> None:
    if image.pinned:
        Annotations.of(node).add_error(
            f"{node.node.path}: its image is pinned by a digest that stack {image.stack.node.path!r} would export, and "
            "CloudFormation changes no export that is in use: put both into one stack, or make the image "
            "with pin_digest=False"
        )
        return
    try:
        stack.add_stack_dependency(image.stack)
    except RuntimeError:
        Annotations.of(node).add_error(
            f"{node.node.path}: its image is published with stack {image.stack.node.path!r}, which itself waits for "
            f"{stack.node.path!r}: put the image into the stack that runs it"
        )


def _complain(node: CfnResource, what: str, platform: Platform, wanted: str) -> None:
    Annotations.of(node).add_error(
        f"{node.node.path}: {what}, but its image is built for {platform}: leave it out or set {wanted}"
    )
