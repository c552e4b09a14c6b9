"""Deploys and deletes stacks of an emulated AWS."""

import json
from typing import Any

from tests.local.emulator.aws import Aws

Template = dict[str, Any]
WAITER = {"Delay": 0.1, "MaxAttempts": 200}


def resource(kind: str, **properties: Any) -> Template:
    """Return a resource of the type `AWS::<kind>`."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(logical_id: str) -> Template:
    return {"Ref": logical_id}


def attribute(logical_id: str, name: str) -> Template:
    return {"Fn::GetAtt": [logical_id, name]}


def deploy(aws: Aws, name: str, resources: Template, **outputs: Template) -> dict[str, str]:
    """Create or update a stack and return its outputs; raise WaiterError if it fails."""
    cloudformation = aws.client("cloudformation")
    shown = {key: {"Value": value} for key, value in outputs.items()}
    body = json.dumps({"Resources": resources, "Outputs": shown})
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
