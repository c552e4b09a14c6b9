"""CDK Pipelines builds all images of a stage before it deploys any stack: what needs an order is an error there."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import pipelines

from scoped_images import RemoteBuilder
from scoped_images.cdk.app.pipelines import builds_images
from tests.cdk.image_users import function_of
from tests.cdk.small_app import PLACE, SmallApp, errors

BUILD = ("cdk synth", "scoped-images build --app cdk.out --deploy-first")


def pipeline_in(
    small_app: SmallApp,
    stage: cdk.Stage,
    *,
    wave: bool = False,
    commands: tuple[str, ...] = ("cdk synth",),
    output: str | None = None,
) -> cdk.Stack:
    """The stack of a pipeline that deploys a stage. output: of the synth step, which is then given as a file set."""
    stack = small_app.stack("Pipeline")
    source = codecommit.Repository(stack, "Source", repository_name="source")
    code = pipelines.CodePipelineSource.code_commit(source, "main")
    step = pipelines.ShellStep("Synth", input=code, commands=list(commands))
    synth = step if output is None else step.add_output_directory(output)
    pipeline = pipelines.CodePipeline(stack, "Pipeline", synth=synth)
    (pipeline.add_wave("Wave") if wave else pipeline).add_stage(stage)
    return stack


def stage_in(
    small_app: SmallApp, name: str = "Prod", *, ordered: bool = True, remote: bool = False
) -> cdk.Stage:
    """A stage with a function. ordered: whether its image goes to a repository of an earlier stack."""
    stage = cdk.Stage(small_app.app, name, env=PLACE)
    options: dict[str, Any] = {}
    if ordered:
        options["repository"] = small_app.repository("app-prod", cdk.Stack(stage, "Repositories"))
    if remote:
        builds = cdk.Stack(stage, "Builds")
        options["builder"] = RemoteBuilder(builds, "Builder", environment_name="prod")
    stack = cdk.Stack(stage, "App")
    function_of(stack, small_app.image(stack, **options))
    return stage


@pytest.mark.parametrize("wave", [True, False])
def test_a_stage_whose_images_are_built_in_order_is_an_error(small_app: SmallApp, wave: bool) -> None:
    assert errors(pipeline_in(small_app, stage_in(small_app), wave=wave)) == [
        "Pipeline/Pipeline: CDK Pipelines builds all images of a stage at once, before it deploys any of its stacks, got "
        "'Prod/App/Image', which must be built after other stacks are deployed; run scoped-images build --app cdk.out "
        "--deploy-first after cdk synth in the synth step (docs/build.md), or give it and its base images "
        "builder=RemoteBuilder(…)"
    ]


@pytest.mark.parametrize(
    ("stage", "pipeline"),
    [
        ({}, {"commands": BUILD}),
        ({}, {"commands": BUILD, "output": "cdk.out"}),
        ({"ordered": False}, {}),
        ({"remote": True}, {}),
    ],
    ids=["built by a step", "built by a step of a file set", "in need of no stack", "built remotely"],
)
def test_a_stage_whose_images_need_no_order_or_are_built_before_deploys(
    small_app: SmallApp, stage: dict[str, Any], pipeline: dict[str, Any]
) -> None:
    assert errors(pipeline_in(small_app, stage_in(small_app, **stage), **pipeline)) == []


def test_outside_of_a_pipeline_a_stage_s_images_are_built_in_order(small_app: SmallApp) -> None:
    stage_in(small_app)
    assert errors(pipeline_in(small_app, stage_in(small_app, "Other", ordered=False))) == []


@pytest.mark.parametrize(
    ("command", "builds"),
    [
        ("cdk synth --tags a#b && uv run scoped-images  build", True),
        ("scoped-images \\\n  build", True),
        ("# --dry-run\n.venv/bin/scoped-images build", True),
        ("scoped-images build # it's the order", True),
        ("scoped-images build --dry-run", False),
        ("cdk synth # it's scoped-images build", False),
        ("cdk synth;# scoped-images build", False),
        ("scoped-images prune; make build", False),
        ("scoped-images builds", False),
        ("my-scoped-images build", False),
        ("echo run scoped-images build", False),
        ("echo start # then\nscoped-images build", True),
        ("X=1 /bin/echo scoped-images build", False),
        ("printf 'scoped-images build'", False),
        (": scoped-images build", False),
        ('grep "scoped-images build" build.sh', False),
        ("echo 'it is:\nscoped-images build'", False),
        ("if cdk synth; then echo scoped-images build; fi", False),
        ("if ! grep -q 'scoped-images build' ci.sh; then make build; fi", False),
        ("if test -e app.py; then AWS_REGION=eu-west-1 scoped-images build; fi", True),
        *(
            (f"{runner} scoped-images build --app cdk.out", True)
            for runner in (
                "conda run -n ci",
                "rye run",
                "mise exec --",
                "nix develop --command",
                "pipenv run",
                "tox exec --",
                "doppler run --",
                "op run --",
                "aws-vault exec ci --",
                "nice -n 10",
                "nohup",
                "command",
                "$RUN",
                "LOG=/var/echo",
                "X='multi\nline'",
                "echo 'a\nb' &&",
            )
        ),
        ("images() { scoped-images build; }\nimages", True),
        ("images() {\n  scoped-images build\n}\nimages", True),
        ("bash -c 'cdk synth\nscoped-images build'", True),
        ("bash -c 'scoped-images build --dry-run'", False),
        ("cat <<END\nit's synth\nEND\nscoped-images build", True),
        ("cat <<END\nit's synth\nEND\nmake build", False),
    ],
)
def test_a_command_builds_images_as_the_shell_reads_it(command: str, builds: bool) -> None:
    assert builds_images(command) is builds
