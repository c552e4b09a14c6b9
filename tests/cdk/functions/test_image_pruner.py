"""The pruner's function reads widely, deletes only in its repositories, and has alarms."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk.assertions import Match, Template
from constructs import Construct

from scoped_images import ImagePruner, Retention, ScopedImage
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


def settings_of(template: Template) -> PrunerSettings:
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"Handler": "index.handler"}}
    ).values()
    return PrunerSettings.from_text(function["Properties"]["Environment"]["Variables"]["PRUNER_SETTINGS"])


def test_by_default_it_runs_daily_never_twice_at_once_and_three_alarms_watch_it(small_app: SmallApp) -> None:
    template = template_of(small_app)
    template.has_resource_properties(
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
            "ReservedConcurrentExecutions": 1,
        },
    )
    template.has_resource_properties("AWS::Events::Rule", {"ScheduleExpression": "cron(17 3 * * ? *)"})
    template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 90})
    alarms = template.find_resources("AWS::CloudWatch::Alarm").values()
    assert {(alarm["Properties"]["Namespace"], alarm["Properties"]["MetricName"]) for alarm in alarms} == {
        ("ScopedImages/ImagePruner", "Failed"),
        ("AWS/Lambda", "Errors"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    }


@jsii.implements(cloudwatch.IAlarmAction)
class Page:
    """What an alarm does."""

    def bind(self, _scope: Construct, _alarm: cloudwatch.IAlarm) -> cloudwatch.AlarmActionConfig:
        return cloudwatch.AlarmActionConfig(alarm_action_arn="arn:aws:sns:eu-west-1:111111111111:page")


def test_it_runs_as_its_arguments_say(small_app: SmallApp) -> None:
    weekly = events.Schedule.rate(cdk.Duration.days(7))
    template = template_of(
        small_app, schedule=weekly, exclusive=False, services=["batch"], alarm_actions=iter([Page()])
    )
    template.resource_properties_count_is("AWS::CloudWatch::Alarm", {"AlarmActions": [Match.any_value()]}, 3)
    template.has_resource_properties("AWS::Events::Rule", {"ScheduleExpression": "rate(7 days)"})
    template.has_resource_properties(
        "AWS::Lambda::Function", {"ReservedConcurrentExecutions": Match.absent()}
    )
    assert settings_of(template) == PrunerSettings(
        environment="dev",
        repositories=("base-dev", "app-dev"),
        retention=Retention(max_images=5),
        regions=("eu-west-1",),
        services=("batch",),
    )


@pytest.mark.parametrize("skip_validation", [False, True])
@pytest.mark.parametrize("first", ["pruner", "image"])
def test_a_moving_tag_that_content_tags_match_is_protected(
    small_app: SmallApp, first: str, skip_validation: bool
) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("Pruning")
    retention = Retention(max_images=5, content_tags=("build-*",), protect=("v*",))
    made = pruner(stack, retention=retention) if first == "pruner" else None
    for name, tag in (("one", "build-latest"), ("two", "dev")):
        context = small_app.context(name)
        ScopedImage(small_app.stack(name), "Image", context=context, repository=repository, moving_tag=tag)
    made = made or pruner(stack, retention=retention)
    small_app.app.synth(skip_validation=skip_validation)
    assert settings_of(Template.from_stack(stack)).retention.protect == ("v*", "build-latest")


def test_a_dry_run_has_no_right_to_delete(small_app: SmallApp) -> None:
    actions = [action for one in statements(template_of(small_app)) for action in one["Action"]]
    assert "ecr:DescribeImages" in actions
    assert [
        action for action in actions if "Delete" in action or ("Put" in action and "logs" not in action)
    ] == []


@pytest.mark.parametrize("archive_days", [None, 90])
def test_it_deletes_and_archives_in_the_repositories_named_only(
    small_app: SmallApp, archive_days: int | None
) -> None:
    retention = Retention(max_images=5, archive_days=archive_days)
    template = template_of(small_app, delete=True, dependents=["cdk-assets"], retention=retention)
    (one,) = [one for one in statements(template) if "ecr:BatchDeleteImage" in one["Action"]]
    archives = ["ecr:UpdateImageStorageClass"] if archive_days else []
    assert one["Action"] == ["ecr:BatchDeleteImage", *archives]
    names = [json.dumps(arn).rpartition("repository/")[2][:8] for arn in one["Resource"]]
    assert sorted(names) == ['app-dev"', "base-dev"]


def test_it_may_make_every_call_that_it_makes_and_only_lists_and_describes_elsewhere(
    small_app: SmallApp,
) -> None:
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
    granted = statements(template_of(small_app, delete=True, services=services, retention=retention))
    needed = {f"{service}:{''.join(word.title() for word in call.split('_'))}" for service, call in calls}
    assert len(needed) > 20
    assert needed - {action for one in granted for action in one["Action"]} == set()
    everywhere = {action for one in granted if one["Resource"] == "*" for action in one["Action"]}
    assert everywhere
    assert [each for each in everywhere if not re.match(r"\w+:(List|Describe|Get)", each)] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"repositories": [cdk.Aws.STACK_NAME]},
            "repositories: only known while CloudFormation deploys, got a token in 'Pruning/Pruner'; use literal names, "
            "and a stack with a literal account and region",
        ),
        (
            {"environment_name": "a b"},
            "environment_name of 'Pruning/Pruner': must be usable in physical names, got 'a b'; use 1-20 lower-case "
            "letters, digits and dashes, a letter first",
        ),
    ],
)
def test_a_mistake_is_named(small_app: SmallApp, options: dict[str, Any], message: str) -> None:
    with refused(message):
        template_of(small_app, **options)
