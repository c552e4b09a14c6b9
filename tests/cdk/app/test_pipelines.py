"""CDK Pipelines builds all images of a stage before it deploys any stack: what needs an order is an error there."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_lambda as lambda_
from aws_cdk import pipelines
from aws_cdk.assertions import Annotations, Match

from scoped_images import Platform, RemoteBuilder, ScopedImage
from scoped_images.cdk.app.pipelines import builds_images
from tests.cdk.small_app import PLACE, SmallApp


def pipeline_errors(
    small_app: SmallApp,
    stage: cdk.Stage,
    *,
    wave: bool = False,
    commands: tuple[str, ...] = ("cdk synth",),
    output: str | None = None,
) -> list[str]:
    stack = small_app.stack("Pipeline")
    source = codecommit.Repository(stack, "Source", repository_name="source")
    code = pipelines.CodePipelineSource.code_commit(source, "main")
    step = pipelines.ShellStep("Synth", input=code, commands=list(commands))
    synth = step if output is None else step.add_output_directory(output)
    pipeline = pipelines.CodePipeline(stack, "Pipeline", synth=synth)
    (pipeline.add_wave("Wave") if wave else pipeline).add_stage(stage)
    found = Annotations.from_stack(stack).find_error("*", Match.any_value())
    return [str(entry.entry.data) for entry in found]


def image_in(small_app: SmallApp, stack: cdk.Stack, **options: Any) -> None:
    image = ScopedImage(
        stack, "Image", context=small_app.context("app"), platform=Platform.LINUX_ARM64, **options
    )
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())


@pytest.mark.parametrize("wave", [True, False])
def test_a_stage_whose_images_are_built_in_order_is_an_error(small_app: SmallApp, wave: bool) -> None:
    stage = cdk.Stage(small_app.app, "Prod", env=PLACE)
    repository = small_app.repository("app-prod", cdk.Stack(stage, "Repositories"))
    image_in(small_app, cdk.Stack(stage, "App"), repository=repository)
    assert pipeline_errors(small_app, stage, wave=wave) == [
        "Pipeline/Pipeline: CDK Pipelines builds all images of a stage at once, before it deploys any of its stacks, got "
        "'Prod/App/Image', which must be built after other stacks are deployed; run scoped-images build --app cdk.out "
        "--deploy-first after cdk synth in the synth step (docs/build.md), or give it and its base images "
        "builder=RemoteBuilder(…)"
    ]


@pytest.mark.parametrize("output", [None, "cdk.out"], ids=["a step", "a file set of a step"])
def test_a_pipeline_whose_synth_step_builds_the_images_is_none(
    small_app: SmallApp, output: str | None
) -> None:
    stage = cdk.Stage(small_app.app, "Prod", env=PLACE)
    repository = small_app.repository("app-prod", cdk.Stack(stage, "Repositories"))
    image_in(small_app, cdk.Stack(stage, "App"), repository=repository)
    commands = ("cdk synth", "scoped-images build --app cdk.out --deploy-first")
    assert pipeline_errors(small_app, stage, commands=commands, output=output) == []


@pytest.mark.parametrize(
    ("command", "builds"),
    [
        ("cdk synth --tags a#b && uv run scoped-images  build", True),
        ("scoped-images \\\n  build", True),
        ("# --dry-run\n.venv/bin/scoped-images build", True),
        ("scoped-images build # it's the order", True),
        ("scoped-images build --dry-run", False),
        ("cdk synth # scoped-images build", False),
        ("scoped-images prune; make build", False),
        ("echo run scoped-images build", False),
        ('grep "scoped-images build" build.sh', False),
        ("echo 'it is: scoped-images build'", False),
        ("if test -e app.py; then AWS_REGION=eu-west-1 scoped-images build; fi", True),
    ],
)
def test_a_command_builds_images_as_the_shell_reads_it(command: str, builds: bool) -> None:
    assert builds_images(command) is builds


def test_a_stage_whose_images_need_no_other_stack_is_none(small_app: SmallApp) -> None:
    stage = cdk.Stage(small_app.app, "Prod", env=PLACE)
    image_in(small_app, cdk.Stack(stage, "App"))
    assert pipeline_errors(small_app, stage) == []


def test_a_stage_whose_images_are_built_remotely_is_none(small_app: SmallApp) -> None:
    stage = cdk.Stage(small_app.app, "Prod", env=PLACE)
    repository = small_app.repository("app-prod", cdk.Stack(stage, "Repositories"))
    builder = RemoteBuilder(cdk.Stack(stage, "Builds"), "Builder", environment_name="prod")
    image_in(small_app, cdk.Stack(stage, "App"), repository=repository, builder=builder)
    assert pipeline_errors(small_app, stage) == []


def test_outside_of_a_pipeline_a_stage_s_images_are_built_in_order(small_app: SmallApp) -> None:
    stage = cdk.Stage(small_app.app, "Prod", env=PLACE)
    repository = small_app.repository("app-prod", cdk.Stack(stage, "Repositories"))
    image_in(small_app, cdk.Stack(stage, "App"), repository=repository)
    other = cdk.Stage(small_app.app, "Other", env=PLACE)
    image_in(small_app, cdk.Stack(other, "App"))
    assert pipeline_errors(small_app, other) == []
