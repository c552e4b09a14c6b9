"""CloudFormation's AWS::EC2::FlowLog, which stock ministack does not support in templates."""

from __future__ import annotations

import secrets
from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.patches.ec2_types import Created, Properties, handler


def apply() -> None:
    """Register the type; every property but the tags replaces the flow log, as on AWS."""
    provisioners._RESOURCE_HANDLERS["AWS::EC2::FlowLog"] = handler(create, update, delete)
    provisioners._STACK_TAG_PROPERTY["AWS::EC2::FlowLog"] = ("Tags", "list")
    provisioners._REPLACING_PROPERTIES["AWS::EC2::FlowLog"] = ("ResourceId", "ResourceType", "TrafficType")


def create(logical_id: str, props: Properties, stack_name: str) -> Created:  # noqa: ARG001
    """Create a flow log, which stays empty."""
    flow_log_id = f"fl-{secrets.token_hex(9)[:17]}"
    ec2._flow_logs[flow_log_id] = {
        "FlowLogId": flow_log_id,
        "ResourceId": props.get("ResourceId", ""),
        "ResourceType": props.get("ResourceType", "VPC"),
        "TrafficType": props.get("TrafficType", "ALL"),
        "LogDestinationType": props.get("LogDestinationType", "cloud-watch-logs"),
        "LogDestination": props.get("LogDestination") or props.get("LogGroupName", ""),
        "FlowLogStatus": "ACTIVE",
        "CreationTime": ec2._now_ts(),
    }
    provisioners._ec2_apply_tags(flow_log_id, props)
    return flow_log_id, {"Id": flow_log_id}


def update(
    physical_id: str, old_props: Properties, new_props: Properties, stack_name: str, logical_id: str
) -> Created:
    """Tags change in place."""
    if physical_id not in ec2._flow_logs:
        return create(logical_id, new_props, stack_name)
    provisioners._ec2_apply_tags(physical_id, new_props, old_props)
    return physical_id, {"Id": physical_id}


def delete(physical_id: str, props: Any) -> None:  # noqa: ARG001
    """Delete the flow log."""
    ec2._flow_logs.pop(physical_id, None)
    ec2._tags.pop(physical_id, None)
