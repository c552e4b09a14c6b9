"""Keeps every property of task definitions from CloudFormation.

Stock ministack takes over the first level of a container's properties and a few others, so that secrets,
health checks and the platform are lost on the way: a task runs without its secrets.
"""

from __future__ import annotations

from typing import Any

from ministack.services import ecs
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]

# Maps whose keys are the user's own words.
USER_MAPS = ("dockerLabels", "options", "driverOpts", "labels")


def apply() -> None:
    """Spell container definitions as the ECS API does, and keep the runtime platform."""
    provisioners._normalize_container_defs = container_definitions
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ECS::TaskDefinition"]
    stock_create = handlers["create"]

    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, Properties]:
        arn, attributes = stock_create(logical_id, props, stack_name)
        definition = ecs._task_defs[arn.rsplit("/", 1)[1]]
        definition["volumes"] = api_spelling(props.get("Volumes", []))
        if "RuntimePlatform" in props:
            definition["runtimePlatform"] = api_spelling(props["RuntimePlatform"])
        return arn, attributes

    # ministack's update handler registers the next revision through this name, the table through its entry.
    provisioners._ecs_task_def_create = create
    handlers["create"] = create


def container_definitions(definitions: list[Properties]) -> list[Properties]:
    """A template's container definitions in the API's spelling."""
    return [api_spelling(definition) for definition in definitions]


def api_spelling(value: Any) -> Any:
    """CloudFormation's `HealthCheck: {StartPeriod}` as `healthCheck: {startPeriod}`, all the way down."""
    if isinstance(value, list):
        return [api_spelling(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelled = {}
    for key, item in value.items():
        name = key[:1].lower() + key[1:]
        spelled[name] = item if name in USER_MAPS else api_spelling(item)
    return spelled
