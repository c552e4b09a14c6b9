"""ImageCopy: the content tag and the digest of an image in another account or region, under narrow rights."""

from __future__ import annotations

import json
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from scoped_images import ImageCopy, ImageRepository, Platform, ScopedImage, ScopedImagesError
from tests.cdk.small_app import SmallApp
from tests.refusals import refused

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
ELSEWHERE = cdk.Environment(account="222222222222", region="us-east-1")
OTHER_REGION = cdk.Environment(account="111111111111", region="us-east-1")
COPY = "Custom::CDKECRDeployment"


def image_of(app: SmallApp, stack: cdk.Stack, name: str = "app", **options: Any) -> ScopedImage:
    repository = app.repository(f"{name}-dev", app.stack(f"Repositories-{name}"))
    given = {"context": app.context(name), "repository": repository, "platform": Platform.LINUX_ARM64}
    return ScopedImage(stack, f"Image-{name}", **{**given, **options})


def copy_to(app: SmallApp, place: cdk.Environment, **options: Any) -> tuple[ImageCopy, ImageRepository]:
    there = app.repository("app-there", app.stack("There", env=place))
    stack = app.stack("App")
    return ImageCopy(stack, "Copy", image=image_of(app, stack, **options), repository=there), there


def resolved(stack: cdk.Stack, value: Any) -> str:
    return json.dumps(stack.resolve(value))


def test_the_image_is_copied_under_its_content_tag(small_app: SmallApp) -> None:
    copy, _ = copy_to(small_app, ELSEWHERE)
    Template.from_stack(cdk.Stack.of(copy)).has_resource_properties(
        COPY,
        {
            "SrcImage": f"docker://{REGISTRY}/app-dev:{copy.tag}",
            "DestImage": f"docker://222222222222.dkr.ecr.us-east-1.amazonaws.com/app-there:{copy.tag}",
            "ImageArch": "arm64",
        },
    )


def test_of_several_platforms_the_index_is_copied(small_app: SmallApp) -> None:
    copy, _ = copy_to(small_app, ELSEWHERE, platform=None, platforms=list(Platform))
    template = Template.from_stack(cdk.Stack.of(copy))
    template.has_resource_properties(COPY, {"CopyImageIndex": True, "ImageArch": Match.absent()})
    (index,) = template.find_resources("Custom::ScopedImagesIndex")
    (resource,) = template.find_resources(COPY).values()
    assert index in resource["DependsOn"]


def test_the_role_pulls_from_the_one_repository_and_pushes_to_the_other(small_app: SmallApp) -> None:
    copy, _ = copy_to(small_app, ELSEWHERE)
    stack = cdk.Stack.of(copy)
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    (policy,) = [p for p in policies if "ScopedImagesCopyRole" in json.dumps(p["Properties"]["Roles"])]
    reached = {
        json.dumps(statement["Resource"]): statement["Action"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "ecr:" in json.dumps(statement["Action"])
    }
    wide = reached.pop('"*"')
    assert wide == "ecr:GetAuthorizationToken"
    (source,) = [text for text in reached if "111111111111:repository/app-dev" in text]
    (target,) = [text for text in reached if "us-east-1:222222222222:repository/app-there" in text]
    assert set(reached) == {source, target}
    assert "ecr:PutImage" not in reached[source]
    assert "ecr:PutImage" in reached[target]


def test_the_repository_of_another_account_lets_only_that_role_push(small_app: SmallApp) -> None:
    copy, there = copy_to(small_app, ELSEWHERE)
    here = Template.from_stack(cdk.Stack.of(copy))
    roles = here.find_resources("AWS::IAM::Role", {"Properties": {"RoleName": Match.any_value()}}).values()
    (role,) = roles
    (repository,) = Template.from_stack(cdk.Stack.of(there)).find_resources("AWS::ECR::Repository").values()
    statements = repository["Properties"]["RepositoryPolicyText"]["Statement"]
    (statement,) = [each for each in statements if each.get("Sid", "").startswith("CopiesFrom111111111111")]
    assert ":111111111111:root" in json.dumps(statement["Principal"])
    allowed = json.dumps(statement["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    assert f":iam::111111111111:role/{role['Properties']['RoleName']}" in allowed


def test_in_another_region_of_the_account_the_role_s_own_rights_are_enough(small_app: SmallApp) -> None:
    _, there = copy_to(small_app, OTHER_REGION)
    assert "CopiesFrom" not in json.dumps(Template.from_stack(cdk.Stack.of(there)).to_json())


def test_two_copies_of_a_stack_share_function_and_role(small_app: SmallApp) -> None:
    """cdk-ecr-deployment takes the role of a stack's first copy only."""
    there, stack = small_app.stack("There", env=ELSEWHERE), small_app.stack("App")
    for name in ("one", "two"):
        ImageCopy(
            stack,
            f"Copy-{name}",
            image=image_of(small_app, stack, name),
            repository=small_app.repository(f"{name}-there", there),
        )
    template = Template.from_stack(stack)
    template.resource_count_is(COPY, 2)
    policy = json.dumps(template.find_resources("AWS::IAM::Policy"))
    assert all(
        f"repository/{name}-{place}" in policy for name in ("one", "two") for place in ("dev", "there")
    )


def test_a_function_and_a_service_elsewhere_run_the_copy_by_digest(small_app: SmallApp) -> None:
    copy, _ = copy_to(small_app, ELSEWHERE)
    consumer = small_app.stack("Consumer", env=ELSEWHERE)
    lambda_.DockerImageFunction(consumer, "Function", code=copy.to_lambda_code(consumer))
    task = ecs.FargateTaskDefinition(consumer, "Task")
    task.add_container("api", image=copy.to_container_image(consumer))
    assembly = small_app.app.synth()
    artifact = assembly.get_stack_by_name("Consumer")
    assert {"App"} <= {each.id for each in artifact.dependencies}
    assert [entry.entry.data for entry in artifact.messages if entry.level.name == "ERROR"] == []
    resources = artifact.template["Resources"].values()
    # One look-up for both, in the account and region of the copy.
    (digests,) = [each["Properties"] for each in resources if each["Type"] == "Custom::ScopedImagesDigests"]
    (image,) = digests["Images"]
    assert (image["RegistryId"], image["RepositoryName"], image["ImageTag"]) == (
        "222222222222",
        "app-there",
        copy.tag,
    )
    (function,) = [
        each
        for each in resources
        if each["Type"] == "AWS::Lambda::Function"
        and "Code" in each["Properties"]
        and "ImageUri" in each["Properties"]["Code"]
    ]
    uri = json.dumps(function["Properties"]["Code"]["ImageUri"])
    assert "app-there@sha256:" in uri
    assert "Digest" in uri
    assert function["Properties"]["Architectures"] == ["arm64"]


def test_an_index_is_no_function_s_code(small_app: SmallApp) -> None:
    copy, _ = copy_to(small_app, ELSEWHERE, platform=None, platforms=list(Platform))
    with refused(
        "platform: 'App/Copy' as a function's code must be an image of one platform, got linux/amd64 and linux/arm64; "
        "copy an image that is built for one"
    ):
        copy.to_lambda_code(small_app.stack("Consumer", env=ELSEWHERE))


def test_an_image_in_cdk_s_repository_is_refused(small_app: SmallApp) -> None:
    with refused(
        "image: must have a repository of its own, got 'App/Image-app' in CDK's; give it repository=, an ImageRepository"
    ):
        copy_to(small_app, ELSEWHERE, repository=None)


def test_a_copy_to_the_image_s_own_repository_is_refused(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    image = image_of(small_app, stack, "other", repository=repository)
    with refused(
        "repository: must be another than the image's own, got 'app-dev' for both of 'App/Copy'; pass a repository of "
        "another region or account, or use the image as it is"
    ):
        ImageCopy(stack, "Copy", image=image, repository=repository)


def test_a_consumer_elsewhere_than_the_copy_is_refused(small_app: SmallApp) -> None:
    copy, _ = copy_to(small_app, ELSEWHERE)
    with pytest.raises(ScopedImagesError, match="deploy both to one account and region"):
        copy.to_container_image(small_app.stack("Consumer"))


def test_the_copying_function_logs_to_a_group_that_expires(small_app: SmallApp) -> None:
    copy, _ = copy_to(small_app, ELSEWHERE)
    template = Template.from_stack(cdk.Stack.of(copy))
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"Runtime": "provided.al2023"}}
    ).values()
    group = template.to_json()["Resources"][function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["Properties"]["RetentionInDays"] == 30


def test_a_copy_goes_to_a_repository_that_the_app_makes(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    existing = ImageRepository.from_name(small_app.stack("There", env=ELSEWHERE), "Repository", "there")
    with refused(
        "repository of 'App/Copy': must be ImageRepository, got ExistingRepository; use one that a stack of this app "
        "makes"
    ):
        ImageCopy(stack, "Copy", image=image_of(small_app, stack, "app"), repository=cast(Any, existing))
