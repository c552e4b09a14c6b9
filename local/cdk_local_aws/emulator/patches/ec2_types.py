"""Adds the CloudFormation types of a VPC that stock ministack refuses: EIP, NatGateway, FlowLog and rules of groups.

The handlers use ministack's EC2 stores, as its own handlers do.
Return values: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.patches.template import Created, Properties


def apply() -> None:
    """Register the five types."""
    record(
        "AWS::EC2::EIP",
        store=ec2._addresses,
        member="AllocationId",
        prefix="eipalloc",
        make=address,
        answer=lambda made: (made["PublicIp"], {name: made[name] for name in ("AllocationId", "PublicIp")}),
        in_place=("InstanceId",),
    )
    record(
        "AWS::EC2::NatGateway",
        store=ec2._nat_gateways,
        member="NatGatewayId",
        prefix="nat",
        make=nat_gateway,
        answer=lambda made: (made["NatGatewayId"], {"NatGatewayId": made["NatGatewayId"]}),
        replacing=("AllocationId", "ConnectivityType", "PrivateIpAddress", "SubnetId"),
    )
    record(
        "AWS::EC2::FlowLog",
        store=ec2._flow_logs,
        member="FlowLogId",
        prefix="fl",
        make=flow_log,
        answer=lambda made: (made["FlowLogId"], {"Id": made["FlowLogId"]}),
        replacing=("ResourceId", "ResourceType", "TrafficType"),
    )
    rule("AWS::EC2::SecurityGroupIngress", "IpPermissions", "sgr-in")
    rule("AWS::EC2::SecurityGroupEgress", "IpPermissionsEgress", "sgr-out")


def register(kind: str, create: Any, update: Any, delete: Any) -> None:
    """Add a type to ministack's table."""
    handlers = {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
    provisioners._RESOURCE_HANDLERS[kind] = handlers


def record(
    kind: str,
    *,
    store: Any,
    member: str,
    prefix: str,
    make: Callable[[Properties], Properties],
    answer: Callable[[Properties], Created],
    in_place: tuple[str, ...] = (),
    replacing: tuple[str, ...] = (),
) -> None:
    """Register a type whose resources are only records in one of ministack's stores.

    member: name of the record's id. make: returns a new record without its id. answer: returns the physical id and
    the attributes of a record. in_place, replacing: the properties whose change updates or replaces the resource;
    tags always change in place.
    """

    def find(physical_id: str) -> str | None:
        return next((key for key, made in store.items() if answer(made)[0] == physical_id), None)

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:  # noqa: ARG001
        key = f"{prefix}-{secrets.token_hex(9)[:17]}"
        store[key] = {member: key, **make(props)}
        provisioners._ec2_apply_tags(key, props)
        return answer(store[key])

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Created:
        key = find(physical_id)
        if key is None:
            return create(logical_id, new, stack_name)
        store[key].update({name: new.get(name) for name in in_place})
        provisioners._ec2_apply_tags(key, new, old)
        return answer(store[key])

    def delete(physical_id: str, props: Properties) -> None:  # noqa: ARG001
        key = find(physical_id)
        if key is not None:
            store.pop(key)
            ec2._tags.pop(key, None)

    register(kind, create, update, delete)
    provisioners._STACK_TAG_PROPERTY[kind] = ("Tags", "list")
    if replacing:
        provisioners._REPLACING_PROPERTIES[kind] = replacing


def address(props: Properties) -> Properties:
    """Return an elastic IP address."""
    return {
        "PublicIp": ec2._random_ip("52."),
        "Domain": props.get("Domain", "vpc"),
        "AssociationId": None,
        "InstanceId": props.get("InstanceId"),
        "NetworkInterfaceId": None,
        "PrivateIpAddress": None,
    }


def nat_gateway(props: Properties) -> Properties:
    """Return a NAT gateway; raise ValueError if its subnet does not exist."""
    subnet = ec2._subnets.get(props.get("SubnetId", ""))
    if subnet is None:
        raise ValueError(f"The subnet ID '{props.get('SubnetId')}' does not exist")
    return {
        "SubnetId": props["SubnetId"],
        "VpcId": subnet["VpcId"],
        "AllocationId": props.get("AllocationId", ""),
        "ConnectivityType": props.get("ConnectivityType", "public"),
        "State": "available",
        "CreateTime": ec2._now_ts(),
        "Tags": [],
    }


def flow_log(props: Properties) -> Properties:
    """Return a flow log, which stays empty."""
    return {
        "ResourceId": props.get("ResourceId", ""),
        "ResourceType": props.get("ResourceType", "VPC"),
        "TrafficType": props.get("TrafficType", "ALL"),
        "LogDestinationType": props.get("LogDestinationType", "cloud-watch-logs"),
        "LogDestination": props.get("LogDestination") or props.get("LogGroupName", ""),
        "FlowLogStatus": "ACTIVE",
        "CreationTime": ec2._now_ts(),
    }


def rule(kind: str, permissions: str, prefix: str) -> None:
    """Register a rule that a template declares outside its security group.

    permissions: the member of a security group that holds rules of this direction.
    """

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:  # noqa: ARG001
        group = ec2._security_groups.get(props.get("GroupId", ""))
        if group is None:
            raise ValueError(f"The security group '{props.get('GroupId')}' does not exist")
        group.setdefault(permissions, []).extend(provisioners._ec2_sg_permissions([props]))
        rule_id = f"{prefix}-{secrets.token_hex(8)}"
        return rule_id, {"Id": rule_id}

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Created:
        delete(physical_id, old)
        create(logical_id, new, stack_name)
        return physical_id, {"Id": physical_id}

    def delete(physical_id: str, props: Properties) -> None:  # noqa: ARG001
        group = ec2._security_groups.get(props.get("GroupId", ""))
        if group is not None:
            rules = provisioners._ec2_sg_permissions([props])
            provisioners._ec2_sg_reconcile(group.setdefault(permissions, []), rules, [])

    register(kind, create, update, delete)
