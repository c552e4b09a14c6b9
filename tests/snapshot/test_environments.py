"""What each environment deploys: two as recorded, which `make snapshots` rewrites, and the others by differences."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from scoped_images.testing import scrub

ROOT = Path(__file__).parents[2]
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


def deployed(name: str, assemblies: Any) -> dict[str, Any]:
    """All that an environment deploys, without content hashes."""
    assembly = assemblies(name)
    recorded = {
        stack: {
            "template": assembly.template(stack),
            "images": assembly.images(stack),
            "images wait for": assembly.asset_dependencies(stack),
        }
        for stack in assembly.stacks
    }
    scrubbed: dict[str, Any] = scrub(recorded)
    return scrubbed


@pytest.mark.parametrize("name", ["local", "prod"])
def test_environment_is_as_recorded(name: str, assemblies: Any, snapshot: SnapshotAssertion) -> None:
    assert deployed(name, assemblies) == snapshot(extension_class=JSONSnapshotExtension, name=name)


def parts(name: str, assemblies: Any) -> dict[str, Any]:
    """Everything deployed, one entry a property, free of the environment's name and account."""
    account = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"][name]["account"]
    text = json.dumps(deployed(name, assemblies)).replace(account, "ACCOUNT")
    text = re.sub(rf"\b{name}\b|(?<=receipts){name}(?=[a-z])", "ENV", text)
    # What CDK appends to ids and names is a hash of the path, which has the environment's name.
    stacks = json.loads(re.sub(r"([0-9A-F]{8}(8080)?)?[0-9A-F]{8}\b", "", text))
    found = {}
    for stack, content in stacks.items():
        found[f"{stack} waits for"] = content["images wait for"]
        for image, properties in content["images"].items():
            found |= {f"{image} {key}": value for key, value in properties.items()}
        for key, section in content["template"].items():
            if key != "Resources":
                found[f"{stack} {key}"] = section
        for logical_id, resource in content["template"]["Resources"].items():
            where = f"{stack} {logical_id}"
            found |= {f"{where} {key}": value for key, value in resource.items() if key != "Properties"}
            found |= {f"{where} {key}": value for key, value in resource.get("Properties", {}).items()}
    return found


REPOSITORIES = [
    f"receipts-ENV-repositories {name}Repository"
    for name in ("basereceiptdynamo", "basereceiptlabel", "createlabels", "receiptapi", "uploadimages")
]
LESS_KEPT = {
    "receipts-ENV-pruner PrunerFunction Environment",
    *(f"{repository} LifecyclePolicy" for repository in REPOSITORIES),
}
DELETED_WITH_THE_STACK = [
    *REPOSITORIES,
    *(f"receipts-ENV-storage {name}" for name in ("AccessLogs", "Images", "Receipts")),
]


def differences(name: str, assemblies: Any) -> set[str]:
    """What an environment has otherwise than prod, or does not have, or has in addition."""
    prod, other = parts("prod", assemblies), parts(name, assemblies)
    return {part for part in prod.keys() | other.keys() if prod.get(part) != other.get(part)}


def test_staging_is_prod_with_fewer_images(assemblies: Any) -> None:
    assert differences("staging", assemblies) == LESS_KEPT


def test_dev_is_prod_with_moving_bases_and_nothing_kept(assemblies: Any) -> None:
    emptied_first = {
        part
        for part in differences("dev", assemblies)
        if part.startswith("receipts-ENV-storage ") and "AutoDelete" in part
    }
    assert emptied_first
    assert differences("dev", assemblies) - emptied_first == {
        *LESS_KEPT,
        # The build commands name the base.
        "receipts-ENV-api Outputs",
        "receipts-ENV-functions Outputs",
        "receipts-ENV-api/Image source",
        "receipts-ENV-base-receipt-label/Image source",
        "receipts-ENV-functions/create_labels-image source",
        "receipts-ENV-functions/upload_images-image source",
        "receipts-ENV-api ServiceLB LoadBalancerAttributes",
        "receipts-ENV-storage Receipts DeletionProtectionEnabled",
        *(f"{repository} EmptyOnDelete" for repository in REPOSITORIES),
        *(f"receipts-ENV-storage {name} {key}" for name, key in (("AccessLogs", "Tags"), ("Images", "Tags"))),
        *(f"receipts-ENV-storage {name}Policy PolicyDocument" for name in ("AccessLogs", "Images")),
        *(
            f"{each} {key}"
            for each in DELETED_WITH_THE_STACK
            for key in ("DeletionPolicy", "UpdateReplacePolicy")
        ),
    }


@pytest.mark.parametrize(
    ("name", "max_images", "untagged_days", "base_tag"),
    [("dev", 10, 1, "stable"), ("staging", 30, 7, "sha-HASH"), ("prod", 100, 14, "sha-HASH")],
)
def test_the_differences_have_the_values_of_cdk_json(
    name: str, max_images: int, untagged_days: int, base_tag: str, assemblies: Any
) -> None:
    assembly = assemblies(name)
    (pruner,) = assembly.resources(f"receipts-{name}-pruner", "AWS::Lambda::Function")
    retention = json.loads(pruner["Environment"]["Variables"]["PRUNER_SETTINGS"])["retention"]
    assert (retention["max_images"], retention["untagged_days"]) == (max_images, untagged_days)
    for repository in assembly.resources(f"receipts-{name}-repositories", "AWS::ECR::Repository"):
        rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        (untagged,) = [rule for rule in rules if rule["selection"]["tagStatus"] == "untagged"]
        assert untagged["selection"]["countNumber"] == untagged_days
    image = deployed(name, assemblies)[f"receipts-{name}-api"]["images"][f"receipts-{name}-api/Image"]
    assert image["source"]["dockerBuildArgs"]["BASE_IMAGE_URI"].endswith(f":{base_tag}")


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
