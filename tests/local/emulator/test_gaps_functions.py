"""Lambda's gaps in stock ministack: unknown images, and custom resources that never answer."""

import json

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local.emulator.aws import ACCOUNT, GAP, REGION, Aws, zipped
from tests.local.emulator.registry_client import INDEX
from tests.local.emulator.stacks import deploy, failure, resource
from tests.local.waiting import wait_until

pytestmark = GAP

HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"


def create_function(aws: Aws, image_uri: str) -> str:
    name = aws.name("function")
    aws.client("lambda").create_function(
        FunctionName=name, Role=ROLE, PackageType="Image", Code={"ImageUri": image_uri}
    )
    return name


def test_a_function_of_an_image_that_is_not_there_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError) as caught:
        create_function(aws, f"{HOST}/nowhere:tag")
    assert caught.value.response["Error"] == {
        "Code": "InvalidParameterValueException",
        "Message": f"Source image {HOST}/nowhere:tag does not exist. Provide a valid source image.",
    }


def test_a_function_is_not_moved_to_an_image_that_is_not_there(aws: Aws) -> None:
    repository = aws.repository()
    aws.registry.push(repository, "one", b"layer")
    name = create_function(aws, f"{HOST}/{repository}:one")
    with pytest.raises(ClientError, match=r"Source image .*:two does not exist"):
        aws.client("lambda").update_function_code(FunctionName=name, ImageUri=f"{HOST}/{repository}:two")
    shown = aws.client("lambda").get_function(FunctionName=name)
    assert shown["Code"]["ImageUri"] == f"{HOST}/{repository}:one"


def test_a_function_of_an_index_is_refused(aws: Aws) -> None:
    repository, registry = aws.repository(), aws.registry
    digest = registry.push(repository, "one", b"layer")
    index = b'{"schemaVersion": 2, "manifests": [{"digest": "%s", "size": 1}]}' % digest.encode()
    assert registry.put_manifest(repository, "all", index, INDEX).status == 201
    with pytest.raises(ClientError, match=r"media type for the source image .*:all is not supported"):
        create_function(aws, f"{HOST}/{repository}:all")


def test_a_function_keeps_the_digest_that_its_tag_had(aws: Aws) -> None:
    repository, registry = aws.repository(), aws.registry
    digest = registry.push(repository, "stable", b"first")
    name = create_function(aws, f"{HOST}/{repository}:stable")
    registry.push(repository, "stable", b"second")
    shown = aws.client("lambda").get_function(FunctionName=name)["Code"]
    assert shown["ImageUri"] == f"{HOST}/{repository}:stable"
    assert shown["ResolvedImageUri"] == f"{HOST}/{repository}@{digest}"


def test_a_stack_with_a_function_without_image_fails(aws: Aws) -> None:
    name = aws.name("stack")
    code = {"ImageUri": f"{HOST}/nowhere:tag"}
    with pytest.raises(WaiterError):
        deploy(
            aws, name, {"Function": resource("Lambda::Function", Role=ROLE, PackageType="Image", Code=code)}
        )
    assert f"Source image {HOST}/nowhere:tag does not exist" in failure(aws, name, "Function")


def create_custom_resource(aws: Aws, program: str) -> str:
    """Start to create a stack with a resource of this program, and return the stack's name."""
    function, name = aws.name("function"), aws.name("stack")
    arn = aws.client("lambda").create_function(
        FunctionName=function,
        Role=ROLE,
        Runtime="python3.13",
        Handler="index.handler",
        Code={"ZipFile": zipped("index.py", program)},
    )["FunctionArn"]
    body = {"Resources": {"Custom": {"Type": "Custom::It", "Properties": {"ServiceToken": arn}}}}
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(body))
    return name


def status(aws: Aws, stack: str) -> str:
    (shown,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    answer: str = shown["StackStatus"]
    return answer


def test_a_custom_resource_whose_function_fails_says_so_at_once(aws: Aws) -> None:
    name = create_custom_resource(aws, "raise RuntimeError('cannot be imported')")
    wait_until(lambda: not status(aws, name).endswith("IN_PROGRESS"), seconds=8)
    assert "cannot be imported" in failure(aws, name, "Custom")


SLOW = """
import json, time, urllib.request
def handler(event, context):
    time.sleep(1)
    ids = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({"Status": "SUCCESS", "PhysicalResourceId": "it", **ids}).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT"))
"""


def test_a_stack_that_takes_a_second_is_done_when_first_asked_about(aws: Aws) -> None:
    assert status(aws, create_custom_resource(aws, SLOW)) == "CREATE_COMPLETE"
