"""The rights of a role to many resources: all of them, in policies that IAM takes."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from scoped_images.cdk.functions.function_code import lambda_principal
from scoped_images.cdk.functions.role_rights import RoleRights

LOOK, TAG = ("ecr:DescribeImages",), ("ecr:PutImage", "ecr:DescribeImages")


def resources(rights: dict[str, list[tuple[str, ...]]]) -> dict[str, Any]:
    """The resources of a stack whose role gets these rights, in this order."""
    stack = cdk.Stack()
    role = iam.Role(stack, "Role", assumed_by=lambda_principal())
    of_role = RoleRights(role, "Registry")
    for arn, several in rights.items():
        for actions in several:
            of_role.allow(actions, arn)
    found: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return found


def repository(number: int) -> str:
    return f"arn:aws:ecr:eu-west-1:111111111111:repository/shop-dev-lambdas-upload-{number:03}"


def test_rights_beyond_one_policy_are_in_policies_that_the_role_waits_for() -> None:
    """As in a stack of 150 images, each with a repository of its own. CDK splits no inline policy."""
    arns = [repository(number) for number in range(150)]
    found = resources({arn: [LOOK, TAG] for arn in arns})
    managed = {name: each for name, each in found.items() if each["Type"] == "AWS::IAM::ManagedPolicy"}
    (role,) = (each["Properties"] for each in found.values() if each["Type"] == "AWS::IAM::Role")
    (inline,) = role["Policies"]
    documents = [
        inline["PolicyDocument"],
        *(each["Properties"]["PolicyDocument"] for each in managed.values()),
    ]
    statements = [statement for document in documents for statement in document["Statement"]]
    assert sorted(arn for statement in statements for arn in statement["Resource"]) == arns
    assert {tuple(statement["Action"]) for statement in statements} == {TAG[1:] + TAG[:1]}
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert max(len(json.dumps(document, separators=(",", ":"))) for document in documents) <= 6144
    assert role["ManagedPolicyArns"] == [{"Ref": name} for name in managed]


def test_a_few_rights_are_in_the_role_itself() -> None:
    found = resources({repository(1): [LOOK], repository(2): [TAG], repository(3): [LOOK, LOOK]})
    (role,) = found.values()
    assert role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": list(LOOK), "Resource": [repository(1), repository(3)]},
        {"Effect": "Allow", "Action": list(TAG), "Resource": [repository(2)]},
    ]
