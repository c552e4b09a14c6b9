"""A remote base, a local base on it, a remote function on that, and a local function on the remote base."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from scoped_images import (
    BaseImage,
    BuildOptions,
    BuildSecret,
    Environment,
    ImageLifecycle,
    ImageRepository,
    OrderedAssets,
    RemoteBuilder,
    ScopedContext,
    ScopedImage,
)

NAMES = ("lower", "upper", "handler", "other")


def main() -> None:
    """Synthesize the stacks of the environment that `-c env=` names."""
    app = cdk.App(default_stack_synthesizer=OrderedAssets())
    env = Environment.read(app.node.get_context("environments"), app.node.get_context("env"))
    place = cdk.Environment(account=env.account, region=env.region)
    repositories_stack = cdk.Stack(app, "remote-repositories", env=place)
    repositories = {
        name: ImageRepository(
            repositories_stack,
            name,
            repository_name=f"remote-{name}",
            lifecycle=ImageLifecycle(max_images=env.max_images, untagged_days=env.untagged_days),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        for name in NAMES
    }
    builder = RemoteBuilder(
        cdk.Stack(app, "remote-builds", env=place),
        "Builder",
        environment_name=env.name,
        timeout=cdk.Duration.minutes(10),
        secrets={"word": BuildSecret.parameter("/remote/word")},
    )
    lower = BaseImage(
        cdk.Stack(app, "remote-lower", env=place),
        "Image",
        repository=repositories["lower"],
        context=ScopedContext.of("lower"),
        platform=env.platform,
        builder=builder,
    )
    upper = BaseImage(
        cdk.Stack(app, "remote-upper", env=place),
        "Image",
        repository=repositories["upper"],
        context=ScopedContext.of("upper"),
        platform=env.platform,
        base=lower,
    )
    functions = cdk.Stack(app, "remote-functions", env=place)
    queue = sqs.Queue(functions, "Queue")
    handler = ScopedImage(
        functions,
        "Handler",
        repository=repositories["handler"],
        context=ScopedContext.of("handler"),
        platform=env.platform,
        base=upper,
        builder=builder,
        options=BuildOptions(
            build_args={"QUEUE": queue.queue_name, "QUOTED": "it's $(hostname)"},
            build_secrets={"word": "env=WORD"},
        ),
        pin_digest=True,
    )
    other = ScopedImage(
        functions,
        "Other",
        repository=repositories["other"],
        context=ScopedContext.of("other"),
        platform=env.platform,
        base=lower,
        options=BuildOptions(build_secrets={"key": "src=other.key"}),
        pin_digest=True,
    )
    for name, image in (("handler", handler), ("other", other)):
        lambda_.DockerImageFunction(
            functions, f"{name}-function", function_name=f"remote-{name}", code=image.to_lambda_code()
        )
    cdk.CfnOutput(functions, "QueueName", value=queue.queue_name)
    app.synth()


if __name__ == "__main__":
    main()
