"""CloudFormation's EIP, NatGateway, SecurityGroupIngress and SecurityGroupEgress, which a VPC with a load
balanced service needs and stock ministack refuses as unsupported.

The handlers speak to ministack's EC2 stores as its own handlers beside them do.
Return values: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html
"""

from __future__ import annotations

import secrets
from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]


def apply() -> None:
    """Register the four types."""
    provisioners._RESOURCE_HANDLERS.update(
        {
            "AWS::EC2::EIP": handler(create_address, update_address, delete_address),
            "AWS::EC2::NatGateway": handler(create_nat_gateway, update_nat_gateway, delete_nat_gateway),
            "AWS::EC2::SecurityGroupIngress": rule_handler("IpPermissions", "sgr-in"),
            "AWS::EC2::SecurityGroupEgress": rule_handler("IpPermissionsEgress", "sgr-out"),
        }
    )
    provisioners._STACK_TAG_PROPERTY["AWS::EC2::EIP"] = ("Tags", "list")
    provisioners._STACK_TAG_PROPERTY["AWS::EC2::NatGateway"] = ("Tags", "list")
    # What a NAT gateway is made of cannot change on AWS: these replace it.
    provisioners._REPLACING_PROPERTIES["AWS::EC2::NatGateway"] = (
        "AllocationId",
        "ConnectivityType",
        "PrivateIpAddress",
        "SubnetId",
    )


def handler(create: Any, update: Any, delete: Any) -> dict[str, Any]:
    """A resource handler in the form of ministack's table."""
    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


def create_address(logical_id: str, props: Properties, stack_name: str) -> Created:  # noqa: ARG001
    """An elastic IP address: Ref is the address."""
    allocation_id = f"eipalloc-{secrets.token_hex(9)[:17]}"
    public_ip = ec2._random_ip("52.")
    ec2._addresses[allocation_id] = {
        "AllocationId": allocation_id,
        "PublicIp": public_ip,
        "Domain": props.get("Domain", "vpc"),
        "AssociationId": None,
        "InstanceId": props.get("InstanceId"),
        "NetworkInterfaceId": None,
        "PrivateIpAddress": None,
    }
    provisioners._ec2_apply_tags(allocation_id, props)
    return public_ip, {"AllocationId": allocation_id, "PublicIp": public_ip}


def find_address(public_ip: str) -> str | None:
    """The allocation id of an address."""
    return next((key for key, value in ec2._addresses.items() if value["PublicIp"] == public_ip), None)


def update_address(
    physical_id: str, old_props: Properties, new_props: Properties, stack_name: str, logical_id: str
) -> Created:
    """Tags and the instance change in place."""
    allocation_id = find_address(physical_id)
    if allocation_id is None:
        return create_address(logical_id, new_props, stack_name)
    ec2._addresses[allocation_id]["InstanceId"] = new_props.get("InstanceId")
    provisioners._ec2_apply_tags(allocation_id, new_props, old_props)
    return physical_id, {"AllocationId": allocation_id, "PublicIp": physical_id}


def delete_address(physical_id: str, props: Properties) -> None:  # noqa: ARG001
    """Release the address."""
    allocation_id = find_address(physical_id)
    if allocation_id is not None:
        ec2._addresses.pop(allocation_id, None)
        ec2._tags.pop(allocation_id, None)


def create_nat_gateway(logical_id: str, props: Properties, stack_name: str) -> Created:  # noqa: ARG001
    """A NAT gateway in its subnet."""
    subnet = ec2._subnets.get(props.get("SubnetId", ""))
    if subnet is None:
        raise ValueError(f"The subnet ID '{props.get('SubnetId')}' does not exist")
    nat_gateway_id = f"nat-{secrets.token_hex(9)[:17]}"
    ec2._nat_gateways[nat_gateway_id] = {
        "NatGatewayId": nat_gateway_id,
        "SubnetId": props["SubnetId"],
        "VpcId": subnet["VpcId"],
        "AllocationId": props.get("AllocationId", ""),
        "ConnectivityType": props.get("ConnectivityType", "public"),
        "State": "available",
        "CreateTime": ec2._now_ts(),
        "Tags": [],
    }
    provisioners._ec2_apply_tags(nat_gateway_id, props)
    return nat_gateway_id, {"NatGatewayId": nat_gateway_id}


def update_nat_gateway(
    physical_id: str, old_props: Properties, new_props: Properties, stack_name: str, logical_id: str
) -> Created:
    """Tags change in place; ministack replaces the gateway for anything else."""
    if physical_id not in ec2._nat_gateways:
        return create_nat_gateway(logical_id, new_props, stack_name)
    provisioners._ec2_apply_tags(physical_id, new_props, old_props)
    return physical_id, {"NatGatewayId": physical_id}


def delete_nat_gateway(physical_id: str, props: Properties) -> None:  # noqa: ARG001
    """Delete the gateway."""
    ec2._nat_gateways.pop(physical_id, None)
    ec2._tags.pop(physical_id, None)


def rule_handler(store: str, prefix: str) -> dict[str, Any]:
    """The handler of a rule that stands outside its security group, in one of the group's two lists."""

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:  # noqa: ARG001
        group = ec2._security_groups.get(props.get("GroupId", ""))
        if group is None:
            raise ValueError(f"The security group '{props.get('GroupId')}' does not exist")
        group.setdefault(store, []).extend(provisioners._ec2_sg_permissions([props]))
        rule_id = f"{prefix}-{secrets.token_hex(8)}"
        return rule_id, {"Id": rule_id}

    def update(
        physical_id: str, old_props: Properties, new_props: Properties, stack_name: str, logical_id: str
    ) -> Created:
        delete(physical_id, old_props)
        create(logical_id, new_props, stack_name)
        return physical_id, {"Id": physical_id}

    def delete(physical_id: str, props: Properties) -> None:  # noqa: ARG001
        group = ec2._security_groups.get(props.get("GroupId", ""))
        if group is not None:
            rules = provisioners._ec2_sg_permissions([props])
            provisioners._ec2_sg_reconcile(group.setdefault(store, []), rules, [])

    return handler(create, update, delete)
