"""Deploys and deletes stacks of an emulated AWS."""

import json
from typing import Any

from tests.local.emulator.aws import Aws

Template = dict[str, Any]
WAITER = {"Delay": 0.1, "MaxAttempts": 200}


def deploy(aws: Aws, name: str, resources: Template, outputs: Template | None = None) -> dict[str, str]:
    """Create or update a stack and return its outputs; raise WaiterError if it fails."""
    cloudformation = aws.client("cloudformation")
    body = json.dumps({"Resources": resources, "Outputs": outputs or {}})
    exists = name in [s["StackName"] for s in cloudformation.describe_stacks()["Stacks"]]
    verb = "update" if exists else "create"
    getattr(cloudformation, f"{verb}_stack")(StackName=name, TemplateBody=body)
    cloudformation.get_waiter(f"stack_{verb}_complete").wait(StackName=name, WaiterConfig=WAITER)
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}


def destroy(aws: Aws, name: str) -> None:
    """Delete a stack and wait for it."""
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=WAITER)


def failure(aws: Aws, stack: str, logical_id: str) -> str:
    """Return why the creation of a stack's resource failed."""
    (reason,) = [
        event["ResourceStatusReason"]
        for event in aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        if event["LogicalResourceId"] == logical_id and event["ResourceStatus"] == "CREATE_FAILED"
    ]
    return str(reason)
