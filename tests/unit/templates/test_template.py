"""A value of a template reads as the text that CloudFormation would make of it, as far as synth knows it."""

from __future__ import annotations

from typing import Any

import pytest

from scoped_images.templates.image_reference import image_references
from scoped_images.templates.template import StackTemplate, Templates

IMAGES = StackTemplate(
    path="Images",
    stack_name="images",
    account="111111111111",
    region="eu-west-1",
    body={
        "Outputs": {
            "Digest": {"Value": {"Fn::GetAtt": ["For1", "Hex"]}, "Export": {"Name": "images:Digest"}},
            "Plain": {"Value": "v1"},
        },
        "Resources": {
            "Writer": {
                "Properties": {"WriterProps": {"exports": {"/cdk/exports/x": {"Fn::GetAtt": "For1.Hex"}}}}
            }
        },
    },
)
NESTED = StackTemplate(
    path="App/Nested",
    stack_name="nested",
    account=None,
    region=None,
    body={
        "Parameters": {"Given": {"Type": "String"}, "Own": {"Type": "String", "Default": "default"}},
        "Outputs": {"Tag": {"Value": {"Ref": "Given"}}},
    },
    parent="App",
    logical_id="NestedResource",
)
APP = StackTemplate(
    path="App",
    stack_name="app",
    account=None,
    region="us-east-1",
    body={
        "Parameters": {"Stage": {"Type": "String", "Default": "dev"}},
        "Resources": {
            "NestedResource": {"Properties": {"Parameters": {"Given": {"Fn::GetAtt": ["For2", "Hex"]}}}},
        },
    },
)
TEMPLATES = Templates([IMAGES, APP, NESTED])


@pytest.mark.parametrize(
    ("stack", "value", "texts"),
    [
        (APP, "plain", ["plain"]),
        (APP, {"A": [{"B": "b"}, 1], "C": True}, ["b", "1", "True"]),
        (APP, {"Ref": "AWS::Region"}, ["us-east-1"]),
        (APP, {"Ref": "AWS::AccountId"}, ["${AWS::AccountId}"]),
        (APP, {"Ref": "Bucket"}, ["${App:Bucket}"]),
        (APP, {"Ref": "Stage"}, ["dev"]),
        (APP, {"Fn::GetAtt": "A.B.C"}, ["${App:A.B.C}"]),
        (APP, {"Fn::Join": ["/", ["a", {"Ref": "AWS::Region"}]]}, ["a/us-east-1"]),
        (APP, {"Fn::Sub": "${AWS::Region}/${A.B}/${!Literal}"}, ["us-east-1/${App:A.B}/${Literal}"]),
        (APP, {"Fn::Sub": ["${x}-${Stage}", {"x": {"Ref": "AWS::Region"}}]}, ["us-east-1-dev"]),
        (APP, {"Fn::Select": [1, {"Fn::Split": [":", "a:b:c"]}]}, ["b"]),
        (APP, {"Fn::Select": ["0", ["a", "b"]]}, ["a"]),
        (APP, {"Fn::If": ["Condition", "a", {"Ref": "Stage"}]}, ["Condition\na\ndev"]),
        (APP, {"Fn::ImportValue": "images:Digest"}, ["${import:Images:For1.Hex}"]),
        (APP, {"Fn::ImportValue": "unknown"}, [""]),
        (
            APP,
            {"Fn::GetStackOutput": {"StackName": "images", "OutputName": "Digest"}},
            ["${Images:For1.Hex}"],
        ),
        (APP, {"Fn::GetAtt": ["Reader", "/cdk/exports/x"]}, ["${import:Images:For1.Hex}"]),
        (APP, {"Fn::GetAtt": ["NestedResource", "Outputs.Tag"]}, ["${App:For2.Hex}"]),
        (NESTED, {"Ref": "Given"}, ["${App:For2.Hex}"]),
        (NESTED, {"Ref": "Own"}, ["default"]),
    ],
)
def test_reads_as(stack: StackTemplate, value: Any, texts: list[str]) -> None:
    assert list(TEMPLATES.texts(stack, value)) == texts


DIGEST = "0" * 64


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app-dev:sha-1", ("sha-1",)),
        (f"111111111111.dkr.ecr.eu-west-1.amazonaws.com.cn/team/app-dev:v1@sha256:{DIGEST}", ("v1", DIGEST)),
        ("111111111111.dkr.ecr-fips.eu-west-1.${AWS::URLSuffix}/team/app-dev:v1", ("v1",)),
        ("111111111111.dkr-ecr.eu-west-1.on.aws/team/app-dev:v1", ("v1",)),
        ("docker://111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app-dev@${App:A.Digest}", ("${App:A.Digest}",)),
        ("111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app-dev", ()),
    ],
)  # fmt: skip
def test_an_image_is_found_in_every_form_of_its_host(text: str, names: tuple[str, ...]) -> None:
    (found,) = image_references(f"before {text} after")
    assert (found.account, found.region, found.repository) == ("111111111111", "eu-west-1", "team/app-dev")
    assert (found.names, found.imported) == (names, False)


def test_a_place_that_only_the_deploy_knows_may_be_any_place() -> None:
    known, unknown = (
        next(image_references(f"{account}.dkr.ecr.{region}.amazonaws.com/app:v1"))
        for account, region in (("111111111111", "eu-west-1"), ("${AWS::AccountId}", "${AWS::Region}"))
    )
    elsewhere = next(image_references("111111111111.dkr.ecr.us-east-1.amazonaws.com/app:v1"))
    assert known.is_same(unknown)
    assert unknown.is_same(elsewhere)
    assert not known.is_same(elsewhere)
