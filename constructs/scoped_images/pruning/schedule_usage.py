"""Task definitions that EventBridge rules and schedules start."""

from __future__ import annotations

import json

from scoped_images.pruning.answer import Answer
from scoped_images.pruning.aws_calls import AwsCalls

_STARTS = ("runtask", "starttask")


def scheduled_task_definitions(aws: AwsCalls) -> list[tuple[str, str]]:
    """Return each task definition with the rule or schedule that starts it.

    Disabled ones count: to enable one takes a click.
    """
    buses = aws.list_parts("events", "list_event_buses", "EventBuses")
    if not buses:
        raise Answer(f"events list_event_buses in {aws.region}", {}).unreadable(
            "the buses, which always include the default one", buses
        )
    rules = [
        (bus.text("Name"), rule.text("Name"))
        for bus in buses
        for rule in aws.list_parts("events", "list_rules", "Rules", EventBusName=bus.text("Name"))
    ]
    schedules = [
        (schedule.text("GroupName"), schedule.text("Name"))
        for schedule in aws.list_parts("scheduler", "list_schedules", "Schedules")
        # The target is a cluster, or the universal target that calls ecs:RunTask.
        if ":ecs:" in schedule.part("Target").text("Arn")
    ]
    return [
        *aws.collect(rules, lambda rule: _of_rule(aws, *rule)),
        *aws.collect(schedules, lambda schedule: _of_schedule(aws, *schedule)),
    ]


def _of_rule(aws: AwsCalls, bus: str, rule: str) -> list[tuple[str, str]]:
    targets = aws.list_parts("events", "list_targets_by_rule", "Targets", Rule=rule, EventBusName=bus)
    return [
        (target.part("EcsParameters").text("TaskDefinitionArn"), f"event rule {rule}")
        for target in targets
        if "EcsParameters" in target.fields or ":ecs:" in target.text("Arn")
    ]


def _of_schedule(aws: AwsCalls, group: str, name: str) -> list[tuple[str, str]]:
    target = aws.call("scheduler", "get_schedule", GroupName=group, Name=name).part("Target")
    arn = target.text("Arn")
    if ":aws-sdk:ecs:" not in arn:
        return [(target.part("EcsParameters").text("TaskDefinitionArn"), f"schedule {name}")]
    text = target.optional_text("Input")
    try:
        request = json.loads(text or "{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise target.unreadable(f"Input of schedule {name}", text)
    given = Answer(target.source, {key.lower(): value for key, value in request.items()})
    # Other calls of ECS, such as UpdateService, need not name a task definition.
    if arn.rpartition(":")[2].lower() in _STARTS or "taskdefinition" in given.fields:
        return [(given.text("taskdefinition"), f"schedule {name}")]
    return []
