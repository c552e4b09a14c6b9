"""A pipeline of CDK Pipelines, and the stage that it deploys: repositories, a base, and a function on the base."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines

from scoped_images import (
    BaseDeclaration,
    BaseImages,
    Environment,
    ImageLifecycle,
    ImageRepository,
    OrderedAssets,
    ScopedContext,
    ScopedImage,
)

BUILD = "scoped-images build --app cdk.out --deploy-first"


def context(folder: str) -> ScopedContext:
    """The files of an image, with the Dockerfile that both share."""
    return ScopedContext.of(folder, dockerfile="image.Dockerfile")


def prod(app: cdk.App, env: Environment) -> cdk.Stage:
    """The stage that the pipeline deploys."""
    stage = cdk.Stage(app, "Prod", env=cdk.Environment(account=env.account, region=env.region))
    repositories = cdk.Stack(stage, "repositories")
    bases = BaseImages(
        stage,
        env,
        bases=[BaseDeclaration(name="shared", context=context("base"))],
        prefix="images",
        repositories=repositories,
    )
    functions = cdk.Stack(stage, "functions")
    image = ScopedImage(
        functions,
        "Image",
        context=context("image"),
        platform=env.platform,
        base=bases["shared"],
        pin_digest=True,
        repository=ImageRepository(
            repositories,
            "Image",
            repository_name="image-local",
            lifecycle=ImageLifecycle(max_images=env.max_images, untagged_days=env.untagged_days),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        ),
    )
    lambda_.DockerImageFunction(functions, "Function", function_name="image", code=image.to_lambda_code())
    return stage


def main() -> None:
    """Synthesize the pipeline and its stage. `-c build=no` leaves the build out of the synth step."""
    app = cdk.App(default_stack_synthesizer=OrderedAssets())
    env = Environment.read(app.node.get_context("environments"), "local")
    stack = cdk.Stack(app, "pipeline", env=cdk.Environment(account=env.account, region=env.region))
    source = pipelines.CodePipelineSource.s3(s3.Bucket(stack, "Source"), "source.zip")
    build = [] if app.node.try_get_context("build") == "no" else [BUILD]
    pipeline = pipelines.CodePipeline(
        stack,
        "Pipeline",
        synth=pipelines.CodeBuildStep(
            "Synth",
            input=source,
            commands=["cdk synth --quiet", *build],
            build_environment=codebuild.BuildEnvironment(privileged=True),
        ),
    )
    pipeline.add_stage(prod(app, env))
    app.synth()


if __name__ == "__main__":
    main()
