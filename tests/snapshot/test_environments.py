"""What each environment deploys, as it stands in the repository; `make snapshots` rewrites it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

NAMED = {"AWS::ECR::Repository": "RepositoryName", "AWS::Lambda::Function": "FunctionName"}
# By construct: a changed id is a replaced resource.
PINNED = {
    "AccessLogs8B620ECA",
    "ApiKeyF9DDEE66",
    "Images2D38C313",
    "Receipts59C0D3E0",
    "basereceiptdynamoRepository37668BE6",
    "basereceiptlabelRepository364C8719",
    "createlabelsRepositoryE0236BDA",
    "receiptapiRepository69B3AD50",
    "uploadimagesRepository9FCE29B2",
}
ENVIRONMENTS = ("local", "dev", "staging", "prod")


def scrub(document: Any) -> Any:
    """Replace content hashes, and nothing more."""
    text = json.dumps(document)
    text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
    text = re.sub(r"\bsha-[0-9a-f]{32}\b", "sha-HASH", text)
    # The logical id of a digest is made of its image's tag.
    text = re.sub(r"DigestFor[0-9a-f]{32}[0-9A-F]{8}", "DigestForHASH", text)
    return json.loads(text)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environment_is_as_recorded(name: str, assemblies: Any, snapshot: SnapshotAssertion) -> None:
    assembly = assemblies(name)
    recorded = {
        stack: {
            "template": assembly.template(stack),
            "images": assembly.images(stack),
            "images wait for": assembly.asset_dependencies(stack),
        }
        for stack in assembly.stacks
    }
    assert scrub(recorded) == snapshot(extension_class=JSONSnapshotExtension, name=name)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_physical_name_carries_the_environment(name: str, assemblies: Any) -> None:
    assembly = assemblies(name)
    for stack in assembly.stacks:
        assert stack.startswith(f"receipts-{name}-")
        for resource in assembly.template(stack)["Resources"].values():
            key = NAMED.get(resource["Type"])
            if key is not None and key in resource["Properties"]:
                assert resource["Properties"][key].endswith(f"-{name}")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_stateful_resources_keep_their_logical_ids(name: str, assemblies: Any) -> None:
    """A changed logical id is a new table, bucket or repository, and the loss of the old one."""
    stateful = {
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::ECR::Repository",
        "AWS::SecretsManager::Secret",
    }
    assembly = assemblies(name)
    ids = {
        logical_id
        for stack in assembly.stacks
        for logical_id, resource in assembly.template(stack)["Resources"].items()
        if resource["Type"] in stateful
    }
    assert ids == PINNED


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_only_environments_that_destroy_can_be_deleted(name: str, assemblies: Any) -> None:
    destroys = name in ("local", "dev")
    assembly = assemblies(name)
    resources = assembly.template(f"receipts-{name}-repositories")["Resources"].values()
    assert {resource["Properties"].get("EmptyOnDelete", False) for resource in resources} == {destroys}
    assert {resource["DeletionPolicy"] for resource in resources} == {"Delete" if destroys else "Retain"}

    (table,) = assembly.resources(f"receipts-{name}-storage", "AWS::DynamoDB::Table")
    assert table["DeletionProtectionEnabled"] is not destroys
    (balancer,) = assembly.resources(f"receipts-{name}-api", "AWS::ElasticLoadBalancingV2::LoadBalancer")
    attributes = {entry["Key"]: entry["Value"] for entry in balancer["LoadBalancerAttributes"]}
    assert attributes["deletion_protection.enabled"] == ("false" if destroys else "true")
    protected = {
        artifact["properties"].get("terminationProtection", False)
        for artifact in assembly.read("manifest.json")["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert protected == {not destroys}


def test_the_service_reaches_https_only_and_the_load_balancer_only_the_service(assemblies: Any) -> None:
    """A SecurityGroupEgress resource of its own takes the place of the default rule, which allows everything."""
    assembly, stack = assemblies("prod"), "receipts-prod-api"
    embedded = [
        (rule["CidrIp"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"])
        for group in assembly.resources(stack, "AWS::EC2::SecurityGroup")
        for rule in group.get("SecurityGroupEgress", [])
    ]
    assert embedded == [("0.0.0.0/0", "tcp", 443, 443)]
    (to_service,) = assembly.resources(stack, "AWS::EC2::SecurityGroupEgress")
    assert (to_service["FromPort"], to_service["ToPort"]) == (8080, 8080)
    assert "DestinationSecurityGroupId" in to_service
