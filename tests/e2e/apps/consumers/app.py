"""One image in two environments and a Stage, each run beside it, in a nested stack and in another stack."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from scoped_images import ImageLifecycle, ImageRepository, OrderedAssets, Platform, ScopedContext, ScopedImage

ACCOUNT = "000000000000"


def main() -> None:
    """Synthesize the stacks."""
    app = cdk.App(default_stack_synthesizer=OrderedAssets())
    add_environment(app, "dev")
    add_environment(app, "prod")
    add_environment(cdk.Stage(app, "Stage"), "staged")
    app.synth()


def add_environment(scope: Construct, name: str) -> None:
    """Add repositories, image and functions."""
    place = cdk.Environment(account=ACCOUNT, region="us-east-1")
    repository = ImageRepository(
        cdk.Stack(scope, f"{name}-repositories", env=place),
        "App",
        repository_name=f"app-{name}",
        lifecycle=ImageLifecycle(max_images=5, untagged_days=1),
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    images = cdk.Stack(scope, f"{name}-images", env=place)
    image = ScopedImage(
        images,
        "Image",
        context=ScopedContext.of("image"),
        platform=Platform.LINUX_AMD64,
        repository=repository,
    )
    pinned = ScopedImage(
        images,
        "Pinned",
        context=ScopedContext.of("image"),
        platform=Platform.LINUX_AMD64,
        repository=repository,
        pin_digest=True,
    )
    add_function(images, f"{name}-beside", pinned)
    add_function(cdk.NestedStack(images, "Nested"), f"{name}-nested", pinned)
    add_function(cdk.Stack(scope, f"{name}-functions", env=place), f"{name}-other", image)


def add_function(scope: Construct, name: str, image: ScopedImage) -> None:
    """Add a function of the image, which is never called."""
    lambda_.DockerImageFunction(scope, name, function_name=name, code=image.to_lambda_code(cmd=["handler"]))


if __name__ == "__main__":
    main()
