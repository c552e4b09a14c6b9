"""CloudFormation's gaps in stock ministack."""

import json

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local.emulator.aws import GAP, Aws
from tests.local.emulator.stacks import Template, attribute, deploy, destroy, failure, ref, resource

pytestmark = GAP

VPC = resource("EC2::VPC", CidrBlock="10.0.0.0/16")


def test_an_address_gives_its_ip_and_its_allocation(aws: Aws) -> None:
    ec2, stack = aws.client("ec2"), aws.name("stack")
    outputs = deploy(
        aws,
        stack,
        {"Address": resource("EC2::EIP", Domain="vpc", Tags=[{"Key": "Name", "Value": "nat"}])},
        Ip=ref("Address"),
        Allocation=attribute("Address", "AllocationId"),
    )
    (address,) = ec2.describe_addresses(AllocationIds=[outputs["Allocation"]])["Addresses"]
    assert address["PublicIp"] == outputs["Ip"]
    assert {"Key": "Name", "Value": "nat"} in address["Tags"]
    destroy(aws, stack)
    allocations = [a["AllocationId"] for a in ec2.describe_addresses()["Addresses"]]
    assert outputs["Allocation"] not in allocations


def test_a_nat_gateway_is_in_its_subnet(aws: Aws) -> None:
    ec2, stack = aws.client("ec2"), aws.name("stack")
    place = {"CidrBlock": "10.0.0.0/24", "AvailabilityZone": "us-east-1a"}
    resources = {
        "Vpc": VPC,
        "Subnet": resource("EC2::Subnet", VpcId=ref("Vpc"), **place),
        "Address": resource("EC2::EIP", Domain="vpc"),
        "Nat": resource(
            "EC2::NatGateway", SubnetId=ref("Subnet"), AllocationId=attribute("Address", "AllocationId")
        ),
        "Table": resource("EC2::RouteTable", VpcId=ref("Vpc")),
        "Route": resource(
            "EC2::Route",
            RouteTableId=ref("Table"),
            DestinationCidrBlock="0.0.0.0/0",
            NatGatewayId=ref("Nat"),
        ),
    }
    outputs = deploy(aws, stack, resources, Nat=ref("Nat"), Subnet=ref("Subnet"))
    (nat,) = ec2.describe_nat_gateways(NatGatewayIds=[outputs["Nat"]])["NatGateways"]
    assert (nat["State"], nat["SubnetId"]) == ("available", outputs["Subnet"])
    destroy(aws, stack)
    gateways = [n["NatGatewayId"] for n in ec2.describe_nat_gateways()["NatGateways"]]
    assert outputs["Nat"] not in gateways


def test_rules_outside_their_group_come_and_go(aws: Aws) -> None:
    ec2, stack = aws.client("ec2"), aws.name("stack")
    group, other = attribute("Group", "GroupId"), attribute("Other", "GroupId")
    described = {"GroupDescription": "a group", "VpcId": ref("Vpc")}
    closed = [{"IpProtocol": "icmp", "CidrIp": "255.255.255.255/32"}]
    base = {
        "Vpc": VPC,
        "Group": resource("EC2::SecurityGroup", SecurityGroupEgress=closed, **described),
        "Other": resource("EC2::SecurityGroup", **described),
    }

    def rule(port: int, direction: str, peer: str) -> Template:
        ports = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, peer: other}
        return resource(f"EC2::SecurityGroup{direction}", GroupId=group, **ports)

    rules = {
        "In": rule(8080, "Ingress", "SourceSecurityGroupId"),
        "Out": rule(443, "Egress", "DestinationSecurityGroupId"),
    }
    group_id = deploy(aws, stack, {**base, **rules}, Group=group)["Group"]

    def ports(direction: str) -> list[int | None]:
        (found,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
        return [permission.get("FromPort") for permission in found[direction]]

    assert (ports("IpPermissions"), ports("IpPermissionsEgress")) == ([8080], [None, 443])
    deploy(aws, stack, base)
    assert (ports("IpPermissions"), ports("IpPermissionsEgress")) == ([], [None])


def test_a_flow_log_watches_its_vpc(aws: Aws) -> None:
    ec2, stack = aws.client("ec2"), aws.name("stack")
    flow = resource("EC2::FlowLog", ResourceId=ref("Vpc"), ResourceType="VPC", TrafficType="ALL")
    outputs = deploy(aws, stack, {"Vpc": VPC, "Flow": flow}, Vpc=ref("Vpc"), Id=ref("Flow"))
    (found,) = ec2.describe_flow_logs(FlowLogIds=[outputs["Id"]])["FlowLogs"]
    assert found["ResourceId"] == outputs["Vpc"]
    destroy(aws, stack)
    assert ec2.describe_flow_logs(FlowLogIds=[outputs["Id"]])["FlowLogs"] == []


def test_a_bucket_has_the_tags_of_its_template_and_stack(aws: Aws) -> None:
    s3, stack, bucket = aws.client("s3"), aws.name("stack"), aws.name("bucket")

    def tags(value: str) -> dict[str, str]:
        given = [{"Key": "aws-cdk:auto-delete-objects", "Value": value}]
        deploy(aws, stack, {"Bucket": resource("S3::Bucket", BucketName=bucket, Tags=given)})
        return {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}

    first = tags("true")
    assert first["aws-cdk:auto-delete-objects"] == "true"
    assert first["aws:cloudformation:stack-name"] == stack
    assert tags("false")["aws-cdk:auto-delete-objects"] == "false"


def test_a_secrets_ref_is_its_arn(aws: Aws) -> None:
    secrets, stack = aws.client("secretsmanager"), aws.name("stack")

    def arn(description: str) -> str:
        rules = {"PasswordLength": 20}
        secret = resource("SecretsManager::Secret", Description=description, GenerateSecretString=rules)
        return deploy(aws, stack, {"Secret": secret}, Ref=ref("Secret"))["Ref"]

    first = arn("first")
    assert first.startswith("arn:aws:secretsmanager:")
    value = secrets.get_secret_value(SecretId=first)["SecretString"]
    assert len(value) == 20
    assert arn("second") == first
    assert secrets.describe_secret(SecretId=first)["Description"] == "second"
    assert secrets.get_secret_value(SecretId=first)["SecretString"] == value
    destroy(aws, stack)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.describe_secret(SecretId=first)


def test_a_generated_secret_has_no_excluded_characters(aws: Aws) -> None:
    rules = {
        "PasswordLength": 200,
        "ExcludePunctuation": True,
        "ExcludeCharacters": "abc",
        "SecretStringTemplate": '{"user": "receipts"}',
        "GenerateStringKey": "password",
    }
    secret = resource("SecretsManager::Secret", GenerateSecretString=rules)
    reference = deploy(aws, aws.name("stack"), {"Secret": secret}, Ref=ref("Secret"))["Ref"]
    value = json.loads(aws.client("secretsmanager").get_secret_value(SecretId=reference)["SecretString"])
    assert value["user"] == "receipts"
    assert (len(value["password"]), value["password"].isalnum()) == (200, True)
    assert not set(value["password"]) & set("abc")


def test_a_repository_has_the_exclusion_filters_of_its_template(aws: Aws) -> None:
    ecr, stack, repository = aws.client("ecr"), aws.name("stack"), aws.name("repo")

    def filters(*patterns: str) -> list[str]:
        prefix = "ImageTagMutabilityExclusionFilter"
        properties = {
            "RepositoryName": repository,
            "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            f"{prefix}s": [{f"{prefix}Type": "WILDCARD", f"{prefix}Value": p} for p in patterns],
            "LifecyclePolicy": {"LifecyclePolicyText": '{"rules": []}'},
            "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": []},
        }
        deploy(aws, stack, {"Repository": resource("ECR::Repository", **properties)})
        (found,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
        return [f["filter"] for f in found["imageTagMutabilityExclusionFilters"]]

    assert filters("cache*") == ["cache*"]
    assert ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"] == '{"rules": []}'
    assert json.loads(ecr.get_repository_policy(repositoryName=repository)["policyText"])["Statement"] == []
    assert filters("cache*", "stable") == ["cache*", "stable"]


def test_a_task_definition_keeps_secrets_health_check_and_platform(aws: Aws) -> None:
    container = {
        "Name": "app",
        "Image": "example/app:1",
        "Secrets": [{"Name": "KEY", "ValueFrom": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-1"}],
        "HealthCheck": {"Command": ["CMD", "true"], "StartPeriod": 5},
        "DockerLabels": {"MyLabel": "Kept"},
        "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "g"}},
    }
    platform = {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"}
    task = resource("ECS::TaskDefinition", ContainerDefinitions=[container], RuntimePlatform=platform)
    arn = deploy(aws, aws.name("stack"), {"Task": task}, Arn=ref("Task"))["Arn"]
    shown = aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    (app,) = shown["containerDefinitions"]
    assert app["secrets"][0]["name"] == "KEY"
    assert app["healthCheck"] == {"command": ["CMD", "true"], "startPeriod": 5}
    assert app["dockerLabels"] == {"MyLabel": "Kept"}
    assert shown["runtimePlatform"]["cpuArchitecture"] == "X86_64"


def test_a_service_without_an_engine_to_run_it_fails(aws: Aws) -> None:
    stack, container = aws.name("stack"), {"Name": "app", "Image": "example/app:1"}
    resources = {
        "Task": resource("ECS::TaskDefinition", ContainerDefinitions=[container]),
        "Service": resource("ECS::Service", TaskDefinition=ref("Task")),
    }
    with pytest.raises(WaiterError):
        deploy(aws, stack, resources)
    assert failure(aws, stack, "Service") == "no container engine answers, so the service's tasks cannot run"
