"""Task definitions that EventBridge rules and schedules start."""

from __future__ import annotations

import json
from typing import Any

from scoped_images.pruning.aws_calls import AwsCalls, Paging

BUSES = Paging("EventBuses", "NextToken", "NextToken", ("Limit", 100))
RULES = Paging("Rules", "NextToken", "NextToken", ("Limit", 100))
TARGETS = Paging("Targets", "NextToken", "NextToken", ("Limit", 100))
SCHEDULES = Paging("Schedules", "NextToken", "NextToken", ("MaxResults", 100))


def scheduled_task_definitions(aws: AwsCalls) -> list[tuple[str, str]]:
    """Each task definition with who starts it. Disabled ones count: to enable is one click."""
    rules = [
        (bus["Name"], rule["Name"])
        for bus in aws.list_all("events", "list_event_buses", BUSES)
        for rule in aws.list_all("events", "list_rules", RULES, EventBusName=bus["Name"])
    ]
    found = [start for starts in aws.for_each(rules, lambda rule: _of_rule(aws, *rule)) for start in starts]
    schedules = [
        (schedule["GroupName"], schedule["Name"])
        for schedule in aws.list_all("scheduler", "list_schedules", SCHEDULES)
        # A target is a cluster, or the universal target that calls ecs:RunTask.
        if ":ecs:" in schedule["Target"]["Arn"]
    ]
    found += [
        start
        for starts in aws.for_each(schedules, lambda schedule: _of_schedule(aws, *schedule))
        for start in starts
    ]
    return found


def _of_rule(aws: AwsCalls, bus: str, rule: str) -> list[tuple[str, str]]:
    targets = aws.list_all("events", "list_targets_by_rule", TARGETS, Rule=rule, EventBusName=bus)
    return [
        (target["EcsParameters"]["TaskDefinitionArn"], f"event rule {rule}")
        for target in targets
        if "EcsParameters" in target
    ]


def _of_schedule(aws: AwsCalls, group: str, name: str) -> list[tuple[str, str]]:
    target: dict[str, Any] = aws.call("scheduler", "get_schedule", GroupName=group, Name=name)["Target"]
    definition = target.get("EcsParameters", {}).get("TaskDefinitionArn")
    if definition is None and ":aws-sdk:ecs:" in target["Arn"]:
        try:
            definition = json.loads(target.get("Input", "{}")).get("TaskDefinition")
        except (ValueError, AttributeError):
            definition = None
    return [(definition, f"schedule {name}")] if definition else []
