"""CloudFormation's gaps in stock ministack."""

import json

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local.emulator.aws import GAP, Aws
from tests.local.emulator.stacks import Template, deploy, destroy, failure

pytestmark = GAP

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
SUBNET = {
    "Type": "AWS::EC2::Subnet",
    "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "us-east-1a"},
}


def test_an_address_gives_its_ip_and_its_allocation(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), aws.name("stack")
    outputs = deploy(
        aws,
        name,
        {
            "Address": {
                "Type": "AWS::EC2::EIP",
                "Properties": {"Domain": "vpc", "Tags": [{"Key": "Name", "Value": "nat"}]},
            }
        },
        {
            "Ip": {"Value": {"Ref": "Address"}},
            "Allocation": {"Value": {"Fn::GetAtt": ["Address", "AllocationId"]}},
        },
    )
    (address,) = ec2.describe_addresses(AllocationIds=[outputs["Allocation"]])["Addresses"]
    assert address["PublicIp"] == outputs["Ip"]
    assert {"Key": "Name", "Value": "nat"} in address["Tags"]
    destroy(aws, name)
    allocations = [a["AllocationId"] for a in ec2.describe_addresses()["Addresses"]]
    assert outputs["Allocation"] not in allocations


def test_a_nat_gateway_is_in_its_subnet(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), aws.name("stack")
    resources = {
        "Vpc": VPC,
        "Subnet": SUBNET,
        "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
        "Nat": {
            "Type": "AWS::EC2::NatGateway",
            "Properties": {
                "SubnetId": {"Ref": "Subnet"},
                "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]},
            },
        },
        "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Route": {
            "Type": "AWS::EC2::Route",
            "Properties": {
                "RouteTableId": {"Ref": "Table"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "NatGatewayId": {"Ref": "Nat"},
            },
        },
    }
    outputs = deploy(
        aws, name, resources, {"Nat": {"Value": {"Ref": "Nat"}}, "Subnet": {"Value": {"Ref": "Subnet"}}}
    )
    (nat,) = ec2.describe_nat_gateways(NatGatewayIds=[outputs["Nat"]])["NatGateways"]
    assert (nat["State"], nat["SubnetId"]) == ("available", outputs["Subnet"])
    destroy(aws, name)
    live = [n for n in ec2.describe_nat_gateways()["NatGateways"] if n["NatGatewayId"] == outputs["Nat"]]
    assert live == []


def test_rules_outside_their_group_come_and_go(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), aws.name("stack")
    group: Template = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "a group", "VpcId": {"Ref": "Vpc"}},
    }
    closed = {
        **group["Properties"],
        "SecurityGroupEgress": [{"IpProtocol": "icmp", "CidrIp": "255.255.255.255/32"}],
    }
    base = {"Vpc": VPC, "Group": {**group, "Properties": closed}, "Other": group}
    rules = {
        "In": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {
                "GroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
                "IpProtocol": "tcp",
                "FromPort": 8080,
                "ToPort": 8080,
                "SourceSecurityGroupId": {"Fn::GetAtt": ["Other", "GroupId"]},
            },
        },
        "Out": {
            "Type": "AWS::EC2::SecurityGroupEgress",
            "Properties": {
                "GroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "DestinationSecurityGroupId": {"Fn::GetAtt": ["Other", "GroupId"]},
            },
        },
    }
    shown = {"Group": {"Value": {"Fn::GetAtt": ["Group", "GroupId"]}}}
    group_id = deploy(aws, name, {**base, **rules}, shown)["Group"]

    def ports(direction: str) -> list[int | None]:
        (found,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
        return [permission.get("FromPort") for permission in found[direction]]

    assert (ports("IpPermissions"), ports("IpPermissionsEgress")) == ([8080], [None, 443])
    deploy(aws, name, base, shown)
    assert (ports("IpPermissions"), ports("IpPermissionsEgress")) == ([], [None])


def test_a_bucket_has_the_tags_of_its_template_and_stack(aws: Aws) -> None:
    s3, name = aws.client("s3"), aws.name("stack")
    bucket = aws.name("bucket")

    def resources(value: str) -> Template:
        tags = [{"Key": "aws-cdk:auto-delete-objects", "Value": value}]
        return {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket, "Tags": tags}}}

    def tags() -> dict[str, str]:
        return {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}

    deploy(aws, name, resources("true"))
    assert tags()["aws-cdk:auto-delete-objects"] == "true"
    assert tags()["aws:cloudformation:stack-name"] == name
    deploy(aws, name, resources("false"))
    assert tags()["aws-cdk:auto-delete-objects"] == "false"


def test_a_secrets_ref_is_its_arn(aws: Aws) -> None:
    secrets, name = aws.client("secretsmanager"), aws.name("stack")

    def resources(description: str) -> Template:
        properties = {"Description": description, "GenerateSecretString": {"PasswordLength": 20}}
        return {"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": properties}}

    outputs = {"Ref": {"Value": {"Ref": "Secret"}}}
    arn = deploy(aws, name, resources("first"), outputs)["Ref"]
    assert arn.startswith("arn:aws:secretsmanager:")
    value = secrets.get_secret_value(SecretId=arn)["SecretString"]
    assert len(value) == 20
    assert deploy(aws, name, resources("second"), outputs)["Ref"] == arn
    assert secrets.describe_secret(SecretId=arn)["Description"] == "second"
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == value
    destroy(aws, name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.describe_secret(SecretId=arn)


def test_a_generated_secret_has_no_excluded_characters(aws: Aws) -> None:
    secrets, name = aws.client("secretsmanager"), aws.name("stack")
    rules = {
        "PasswordLength": 200,
        "ExcludePunctuation": True,
        "ExcludeCharacters": "abc",
        "SecretStringTemplate": '{"user": "receipts"}',
        "GenerateStringKey": "password",
    }
    properties = {"GenerateSecretString": rules}
    resources = {"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": properties}}
    reference = deploy(aws, name, resources, {"Ref": {"Value": {"Ref": "Secret"}}})["Ref"]
    value = json.loads(secrets.get_secret_value(SecretId=reference)["SecretString"])
    assert value["user"] == "receipts"
    assert (len(value["password"]), value["password"].isalnum()) == (200, True)
    assert not set(value["password"]) & set("abc")


def test_a_repository_has_the_exclusion_filters_of_its_template(aws: Aws) -> None:
    ecr, name, repository = aws.client("ecr"), aws.name("stack"), aws.name("repo")

    def resources(*filters: str) -> Template:
        properties = {
            "RepositoryName": repository,
            "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "ImageTagMutabilityExclusionFilters": [
                {
                    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                    "ImageTagMutabilityExclusionFilterValue": f,
                }
                for f in filters
            ],
            "LifecyclePolicy": {"LifecyclePolicyText": '{"rules": []}'},
            "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": []},
        }
        return {"Repository": {"Type": "AWS::ECR::Repository", "Properties": properties}}

    def shown() -> list[str]:
        (found,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
        return [f["filter"] for f in found["imageTagMutabilityExclusionFilters"]]

    deploy(aws, name, resources("cache*"))
    assert shown() == ["cache*"]
    assert ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"] == '{"rules": []}'
    assert json.loads(ecr.get_repository_policy(repositoryName=repository)["policyText"])["Statement"] == []
    deploy(aws, name, resources("cache*", "stable"))
    assert shown() == ["cache*", "stable"]


def test_a_task_definition_keeps_secrets_health_check_and_platform(aws: Aws) -> None:
    ecs, name = aws.client("ecs"), aws.name("stack")
    container = {
        "Name": "app",
        "Image": "example/app:1",
        "Secrets": [{"Name": "KEY", "ValueFrom": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-1"}],
        "HealthCheck": {"Command": ["CMD", "true"], "StartPeriod": 5},
        "DockerLabels": {"MyLabel": "Kept"},
        "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "g"}},
    }
    properties = {
        "Family": name,
        "ContainerDefinitions": [container],
        "RuntimePlatform": {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"},
    }
    task = {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}
    arn = deploy(aws, name, task, {"Arn": {"Value": {"Ref": "Task"}}})["Arn"]
    shown = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    (app,) = shown["containerDefinitions"]
    assert app["secrets"][0]["name"] == "KEY"
    assert app["healthCheck"] == {"command": ["CMD", "true"], "startPeriod": 5}
    assert app["dockerLabels"] == {"MyLabel": "Kept"}
    assert shown["runtimePlatform"]["cpuArchitecture"] == "X86_64"


def test_a_flow_log_watches_its_vpc(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), aws.name("stack")
    resources = {
        "Vpc": VPC,
        "Flow": {
            "Type": "AWS::EC2::FlowLog",
            "Properties": {"ResourceId": {"Ref": "Vpc"}, "ResourceType": "VPC", "TrafficType": "ALL"},
        },
    }
    outputs = deploy(
        aws, name, resources, {"Vpc": {"Value": {"Ref": "Vpc"}}, "Id": {"Value": {"Ref": "Flow"}}}
    )
    (flow,) = ec2.describe_flow_logs(FlowLogIds=[outputs["Id"]])["FlowLogs"]
    assert flow["ResourceId"] == outputs["Vpc"]
    destroy(aws, name)
    assert ec2.describe_flow_logs(FlowLogIds=[outputs["Id"]])["FlowLogs"] == []


def test_a_service_without_an_engine_to_run_it_fails(aws: Aws) -> None:
    name = aws.name("stack")
    resources = {
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"ContainerDefinitions": [{"Name": "app", "Image": "example/app:1"}]},
        },
        "Service": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": {"Ref": "Task"}}},
    }
    with pytest.raises(WaiterError):
        deploy(aws, name, resources)
    assert failure(aws, name, "Service") == "no container engine answers, so the service's tasks cannot run"
