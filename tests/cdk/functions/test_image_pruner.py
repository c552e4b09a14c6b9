"""The pruner's function reads widely, deletes only in its repositories, and has alarms."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk.assertions import Match, Template

from scoped_images import ScopedImage
from scoped_images.cdk.functions.image_pruner import ImagePruner
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.settings import PrunerSettings
from tests.cdk.small_app import SmallApp
from tests.refusals import refused

REPOSITORIES = ["base-dev", "app-dev"]


def pruner(stack: cdk.Stack, **options: Any) -> ImagePruner:
    given = {
        "environment_name": "dev",
        "repositories": REPOSITORIES,
        "retention": Retention(max_images=5),
        **options,
    }
    return ImagePruner(stack, "Pruner", **given)


def template_of(small_app: SmallApp, **options: Any) -> Template:
    stack = small_app.stack("Pruning")
    pruner(stack, **options)
    return Template.from_stack(stack)


def statements(template: Template) -> list[dict[str, Any]]:
    policies = template.find_resources("AWS::IAM::Policy").values()
    found = [one for policy in policies for one in policy["Properties"]["PolicyDocument"]["Statement"]]
    return [
        {**one, "Action": [one["Action"]] if isinstance(one["Action"], str) else one["Action"]}
        for one in found
    ]


def test_is_a_zip_of_python_314_on_arm(small_app: SmallApp) -> None:
    template_of(small_app).has_resource_properties(
        "AWS::Lambda::Function",
        {
            "FunctionName": "image-pruner-dev",
            "Runtime": "python3.14",
            "Architectures": ["arm64"],
            "PackageType": Match.absent(),
            "MemorySize": 512,
            "Timeout": 900,
            "DeadLetterConfig": {"TargetArn": Match.any_value()},
            "LoggingConfig": {"LogGroup": Match.any_value()},
        },
    )


@pytest.mark.parametrize("first", ["pruner", "image"])
def test_a_moving_tag_that_content_tags_match_is_protected(small_app: SmallApp, first: str) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("Pruning")
    retention = Retention(max_images=5, content_tags=("build-*",), protect=("v*",))
    made = pruner(stack, retention=retention) if first == "pruner" else None
    for name, tag in (("one", "build-latest"), ("two", "dev")):
        context = small_app.context(name)
        ScopedImage(small_app.stack(name), "Image", context=context, repository=repository, moving_tag=tag)
    made = made or pruner(stack, retention=retention)
    template = Template.from_stack(stack)
    (function,) = template.find_resources("AWS::Lambda::Function", {"Properties": {"Timeout": 900}}).values()
    text = function["Properties"]["Environment"]["Variables"]["PRUNER_SETTINGS"]
    assert PrunerSettings.from_text(text).retention.protect == ("v*", "build-latest")


def test_a_dry_run_has_no_right_to_delete(small_app: SmallApp) -> None:
    actions = [action for one in statements(template_of(small_app)) for action in one["Action"]]
    assert "ecr:DescribeImages" in actions
    assert [
        action for action in actions if "Delete" in action or ("Put" in action and "logs" not in action)
    ] == []


def test_deletion_is_limited_to_the_repositories_named(small_app: SmallApp) -> None:
    template = template_of(small_app, delete=True, dependents=["cdk-assets"])
    (one,) = [one for one in statements(template) if "ecr:BatchDeleteImage" in one["Action"]]
    assert one["Action"] == ["ecr:BatchDeleteImage"]
    names = [json.dumps(arn).rpartition("repository/")[2][:8] for arn in one["Resource"]]
    assert sorted(names) == ['app-dev"', "base-dev"]


def test_archiving_is_limited_to_the_repositories_named(small_app: SmallApp) -> None:
    template = template_of(small_app, delete=True, retention=Retention(max_images=5, archive_days=90))
    (one,) = [one for one in statements(template) if "ecr:UpdateImageStorageClass" in one["Action"]]
    assert sorted(one["Action"]) == ["ecr:BatchDeleteImage", "ecr:UpdateImageStorageClass"]
    names = [json.dumps(arn).rpartition("repository/")[2][:8] for arn in one["Resource"]]
    assert sorted(names) == ['app-dev"', "base-dev"]


@pytest.mark.parametrize(("options", "reserved"), [({}, 1), ({"exclusive": False}, Match.absent())])
def test_it_never_runs_twice_at_once_unless_told_otherwise(
    small_app: SmallApp, options: dict[str, Any], reserved: Any
) -> None:
    template_of(small_app, **options).has_resource_properties(
        "AWS::Lambda::Function", {"ReservedConcurrentExecutions": reserved}
    )


def test_elsewhere_it_only_lists_and_describes(small_app: SmallApp) -> None:
    everywhere = [one for one in statements(template_of(small_app, delete=True)) if one["Resource"] == "*"]
    actions = [action.partition(":")[2] for one in everywhere for action in one["Action"]]
    assert actions
    assert {action for action in actions if not action.startswith(("List", "Describe", "Get"))} == set()


def test_every_call_that_it_makes_is_allowed(small_app: SmallApp) -> None:
    """The library's calls, read from its source, against the policy."""
    source = "".join(
        path.read_text() for path in Path(sys.modules["scoped_images.pruning"].__path__[0]).glob("*.py")
    )
    calls = set(
        re.findall(
            r'"(lambda|ecs|events|scheduler|cloudformation|sagemaker|apprunner|batch|ecr)",\s*"(\w+_\w+)"',
            source,
        )
    )
    services = ["sagemaker", "apprunner", "batch"]
    retention = Retention(max_images=5, archive_days=90)
    allowed = {
        action
        for one in statements(template_of(small_app, delete=True, services=services, retention=retention))
        for action in one["Action"]
    }
    needed = {f"{service}:{''.join(word.title() for word in call.split('_'))}" for service, call in calls}
    assert len(needed) > 20
    assert needed - allowed == set()


def test_runs_daily_unless_told_otherwise(small_app: SmallApp) -> None:
    template_of(small_app).has_resource_properties(
        "AWS::Events::Rule", {"ScheduleExpression": "cron(17 3 * * ? *)"}
    )


def test_runs_when_told(small_app: SmallApp) -> None:
    weekly = events.Schedule.rate(cdk.Duration.days(7))
    template_of(small_app, schedule=weekly).has_resource_properties(
        "AWS::Events::Rule", {"ScheduleExpression": "rate(7 days)"}
    )


def test_three_alarms_watch_it(small_app: SmallApp) -> None:
    alarms = template_of(small_app).find_resources("AWS::CloudWatch::Alarm").values()
    found = {(alarm["Properties"]["Namespace"], alarm["Properties"]["MetricName"]) for alarm in alarms}
    assert found == {
        ("ScopedImages/ImagePruner", "Failed"),
        ("AWS/Lambda", "Errors"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    }


def test_the_log_expires(small_app: SmallApp) -> None:
    template_of(small_app).has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 90})


def test_the_function_gets_its_settings(small_app: SmallApp) -> None:
    functions = template_of(small_app, services=["batch"]).find_resources("AWS::Lambda::Function")
    (text,) = [one["Properties"]["Environment"]["Variables"]["PRUNER_SETTINGS"] for one in functions.values()]
    assert PrunerSettings.from_text(text) == PrunerSettings(
        environment="dev",
        repositories=("base-dev", "app-dev"),
        retention=Retention(max_images=5),
        regions=("eu-west-1",),
        services=("batch",),
    )


def test_two_hundred_repositories_fit(small_app: SmallApp) -> None:
    names = [f"team-{number % 7}/service-number-{number}-dev" for number in range(200)]
    functions = template_of(small_app, repositories=names).find_resources("AWS::Lambda::Function")
    (text,) = [one["Properties"]["Environment"]["Variables"]["PRUNER_SETTINGS"] for one in functions.values()]
    assert PrunerSettings.from_text(text).repositories == tuple(names)


def asset(small_app: SmallApp) -> Path:
    out = Path(small_app.app.synth().directory)
    files = json.loads((out / "Pruning.assets.json").read_text())["files"].values()
    (path,) = [file["source"]["path"] for file in files if file["source"]["packaging"] == "zip"]
    return out / str(path)


def test_the_zip_runs_without_cdk(small_app: SmallApp) -> None:
    """Its handler is imported where nothing but the zip and boto3 can be found."""
    pruner(small_app.stack("Pruning"))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import index, scoped_images;"
        "assert scoped_images.__file__.startswith(sys.argv[1]), scoped_images.__file__;"
        "assert not {'aws_cdk', 'jsii', 'constructs'} & sys.modules.keys(); print(index.handler.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(asset(small_app))], capture_output=True, text=True, check=False
    )
    assert done.stdout == "handler\n", done.stderr


def test_the_zip_is_the_same_on_every_machine(small_app: SmallApp, tmp_path: Path) -> None:
    pruner(small_app.stack("Pruning"))
    first = asset(small_app)
    (tmp_path / "again").mkdir()
    again = type(small_app)(tmp_path / "again")
    pruner(again.stack("Pruning"))
    assert asset(again).name == first.name
    assert not list(first.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repositories": []}, "repositories: empty, got (); give at least one"),
        ({"services": ["eks"]}, "services: unknown service, got 'eks'; use sagemaker, apprunner, batch"),
        (
            {"dependents": ["app-dev"]},
            "dependents: 'app-dev' is also in repositories, got both; remove it from one of them",
        ),
        (
            {"repositories": [cdk.Aws.STACK_NAME]},
            "repositories: only known while CloudFormation deploys, got a token in 'Pruning/Pruner'; use literal names, "
            "and a stack with a literal account and region",
        ),
    ],
)
def test_a_mistake_is_named(small_app: SmallApp, options: dict[str, Any], message: str) -> None:
    with refused(message):
        template_of(small_app, **options)
