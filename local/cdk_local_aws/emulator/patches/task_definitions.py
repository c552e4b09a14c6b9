"""Keeps every property of task definitions from CloudFormation.

Stock ministack keeps the first level of a container's properties and a few others. It loses the platform, health
checks and secrets, so a task runs without its secrets.
"""

from __future__ import annotations

from typing import Any

from ministack.services import ecs
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.patches.template import Created, Properties

# The keys of these maps are the user's own.
USER_MAPS = ("dockerLabels", "options", "driverOpts", "labels")


def apply() -> None:
    """Spell container definitions as the ECS API does, and keep volumes and the runtime platform."""
    provisioners._normalize_container_defs = api_spelling
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ECS::TaskDefinition"]
    stock_create = handlers["create"]

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:
        arn, attributes = stock_create(logical_id, props, stack_name)
        definition = ecs._task_defs[arn.rsplit("/", 1)[1]]
        definition["volumes"] = api_spelling(props.get("Volumes", []))
        if "RuntimePlatform" in props:
            definition["runtimePlatform"] = api_spelling(props["RuntimePlatform"])
        return arn, attributes

    # ministack's update handler calls the function by this name, and its table by the entry.
    provisioners._ecs_task_def_create = create
    handlers["create"] = create


def api_spelling(value: Any) -> Any:
    """Spell the keys of nested values as the API does: `HealthCheck: {StartPeriod}` as `healthCheck: {startPeriod}`."""
    if isinstance(value, list):
        return [api_spelling(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelled = {}
    for key, item in value.items():
        name = key[:1].lower() + key[1:]
        spelled[name] = item if name in USER_MAPS else api_spelling(item)
    return spelled
