"""A base and an image on it for two platforms, as a task definition and a function use it."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_

from scoped_images import (
    BaseDeclaration,
    BaseImages,
    Environment,
    ImageLifecycle,
    ImageRepository,
    OrderedAssets,
    Platform,
    ScopedContext,
    ScopedImage,
)

PLATFORMS = (Platform.LINUX_AMD64, Platform.LINUX_ARM64)


def main() -> None:
    """Synthesize the stacks. `-c fail=yes` makes the last one fail when everything else of it is deployed."""
    app = cdk.App(default_stack_synthesizer=OrderedAssets())
    env = Environment.read(app.node.get_context("environments"), "local")
    repositories = cdk.Stack(
        app, "platforms-repositories", env=cdk.Environment(account=env.account, region=env.region)
    )
    base = BaseDeclaration(
        name="both", context=ScopedContext.of("base", dockerfile="image.Dockerfile"), platforms=PLATFORMS
    )
    bases = BaseImages(app, env, bases=[base], prefix="platforms", repositories=repositories)
    stack = cdk.Stack(app, "platforms-workloads", env=cdk.Environment(account=env.account, region=env.region))
    image = ScopedImage(
        stack,
        "Image",
        context=ScopedContext.of("image", dockerfile="image.Dockerfile"),
        platforms=PLATFORMS,
        repository=ImageRepository(
            repositories,
            "Image",
            repository_name="image-local",
            lifecycle=ImageLifecycle(max_images=env.max_images, untagged_days=env.untagged_days),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        ),
        base=bases["both"],
        pin_digest=True,
    )
    lambda_.DockerImageFunction(
        stack,
        "Function",
        function_name="foreign",
        code=image.to_lambda_code(platform=Platform.LINUX_ARM64, cmd=["handler"]),
        architecture=lambda_.Architecture.ARM_64,
    )
    task = ecs.FargateTaskDefinition(stack, "Task", family="both")
    task.add_container("image", image=image.to_container_image())
    if app.node.try_get_context("fail"):
        missing = lambda_.DockerImageFunction(
            stack, "Missing", code=lambda_.DockerImageCode.from_ecr(image.repository, tag_or_digest="missing")
        )
        missing.node.add_dependency(task)
    app.synth()


if __name__ == "__main__":
    main()
