"""ImageCopy: the content tag and the digest of an image in another account or region, under narrow rights."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from scoped_images import ImageCopy, ImageRepository, Platform, ScopedImage
from tests.cdk.image_users import properties_of, waits_for
from tests.cdk.registry_resources import looked_up
from tests.cdk.small_app import REGISTRY, SmallApp, errors
from tests.refusals import refused

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


Elsewhere = tuple[ImageCopy, Template, Template]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """A copy in another account and region, the template of its stack, and that of the repository's stack."""
    copy, there = copy_to(SmallApp(tmp_path_factory.mktemp("copy")), ELSEWHERE)
    return copy, Template.from_stack(cdk.Stack.of(copy)), Template.from_stack(cdk.Stack.of(there))


def test_the_image_is_copied_under_its_content_tag(elsewhere: Elsewhere) -> None:
    copy, template, _ = elsewhere
    template.has_resource_properties(
        COPY,
        {
            "SrcImage": f"docker://{REGISTRY}/app-dev:{copy.tag}",
            "DestImage": f"docker://222222222222.dkr.ecr.us-east-1.amazonaws.com/app-there:{copy.tag}",
            "ImageArch": "arm64",
        },
    )


def test_the_role_pulls_from_the_one_repository_and_pushes_to_the_other(elsewhere: Elsewhere) -> None:
    _, template, _ = elsewhere
    policies = template.find_resources("AWS::IAM::Policy").values()
    (policy,) = [p for p in policies if "ScopedImagesCopyRole" in json.dumps(p["Properties"]["Roles"])]
    reached = {
        json.dumps(statement["Resource"]): statement["Action"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "ecr:" in json.dumps(statement["Action"])
    }
    assert reached.pop('"*"') == "ecr:GetAuthorizationToken"
    (source,) = [text for text in reached if "111111111111:repository/app-dev" in text]
    (target,) = [text for text in reached if "us-east-1:222222222222:repository/app-there" in text]
    assert set(reached) == {source, target}
    assert "ecr:PutImage" not in reached[source]
    assert "ecr:PutImage" in reached[target]


def test_the_repository_of_another_account_lets_only_that_role_push(elsewhere: Elsewhere) -> None:
    _, here, there = elsewhere
    named = {"Properties": {"RoleName": Match.any_value()}}
    (role,) = here.find_resources("AWS::IAM::Role", named).values()
    (repository,) = there.find_resources("AWS::ECR::Repository").values()
    statements = repository["Properties"]["RepositoryPolicyText"]["Statement"]
    (statement,) = [each for each in statements if each.get("Sid", "").startswith("CopiesFrom111111111111")]
    assert ":111111111111:root" in json.dumps(statement["Principal"])
    allowed = json.dumps(statement["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    assert f":iam::111111111111:role/{role['Properties']['RoleName']}" in allowed


def test_the_copying_function_logs_to_a_group_that_expires(elsewhere: Elsewhere) -> None:
    _, template, _ = elsewhere
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"Runtime": "provided.al2023"}}
    ).values()
    group = template.to_json()["Resources"][function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["Properties"]["RetentionInDays"] == 30


def test_of_several_platforms_the_index_is_copied(small_app: SmallApp) -> None:
    copy, _ = copy_to(small_app, ELSEWHERE, platform=None, platforms=list(Platform))
    template = Template.from_stack(cdk.Stack.of(copy))
    template.has_resource_properties(COPY, {"CopyImageIndex": True, "ImageArch": Match.absent()})
    (index,) = template.find_resources("Custom::ScopedImagesIndex")
    (resource,) = template.find_resources(COPY).values()
    assert index in resource["DependsOn"]


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
    """With one look-up for both, in the account and region of the copy."""
    copy, _ = copy_to(small_app, ELSEWHERE)
    consumer = small_app.stack("Consumer", env=ELSEWHERE)
    lambda_.DockerImageFunction(consumer, "Function", code=copy.to_lambda_code(consumer))
    task = ecs.FargateTaskDefinition(consumer, "Task")
    task.add_container("api", image=copy.to_container_image(consumer))
    assert errors(consumer) == []
    assert "App" in waits_for(small_app, "Consumer")
    template = Template.from_stack(consumer)
    (image,) = looked_up(template)
    assert (image["RegistryId"], image["RepositoryName"], image["ImageTag"]) == (
        "222222222222",
        "app-there",
        copy.tag,
    )
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}}
    ).values()
    (container,) = properties_of(consumer, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert function["Properties"]["Architectures"] == ["arm64"]
    for uri in (function["Properties"]["Code"]["ImageUri"], container["Image"]):
        assert "app-there@sha256:" in json.dumps(uri)
        assert image["Key"] in json.dumps(uri)


def test_a_function_beside_the_copy_waits_for_it(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    repository = small_app.repository("other-dev")
    copy = ImageCopy(stack, "Copy", image=image_of(small_app, stack), repository=repository)
    lambda_.DockerImageFunction(stack, "Function", code=copy.to_lambda_code(stack))
    template = Template.from_stack(stack)
    (made,) = template.find_resources(COPY)
    (look_up,) = template.find_resources("Custom::ScopedImagesDigests").values()
    assert made in look_up["DependsOn"]


def test_it_waits_for_the_copy_also_in_a_stack_that_javascript_made(small_app: SmallApp) -> None:
    near = small_app.stack("Near", env=OTHER_REGION)
    source, there = (small_app.repository(name, near) for name in ("app-dev", "app-there"))
    image = image_of(small_app, small_app.javascript_stack(), repository=source)
    copy = ImageCopy(small_app.javascript_stack(), "Copy", image=image, repository=there)
    copy.to_lambda_code(small_app.javascript_stack())
    template = Template.from_stack(small_app.javascript_stack())
    (made,) = template.find_resources(COPY)
    (look_up,) = template.find_resources("Custom::ScopedImagesDigests").values()
    assert made in look_up["DependsOn"]


def of_an_index(app: SmallApp) -> None:
    copy, _ = copy_to(app, ELSEWHERE, platform=None, platforms=list(Platform))
    copy.to_lambda_code(app.stack("Consumer", env=ELSEWHERE))


def to_its_own_repository(app: SmallApp) -> None:
    repository, stack = app.repository("app-dev"), app.stack("App")
    ImageCopy(stack, "Copy", image=image_of(app, stack, "x", repository=repository), repository=repository)


def for_a_consumer_beside_the_original(app: SmallApp) -> None:
    copy, _ = copy_to(app, ELSEWHERE)
    copy.to_container_image(app.stack("Consumer"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            of_an_index,
            "platform: 'App/Copy' as a function's code must be an image of one platform, got linux/amd64 and "
            "linux/arm64; copy an image that is built for one",
        ),
        (
            lambda app: copy_to(app, ELSEWHERE, repository=None),
            "image: must have a repository of its own, got 'App/Image-app' in CDK's; give it repository=, an "
            "ImageRepository",
        ),
        (
            to_its_own_repository,
            "repository: must be another than the image's own, got 'app-dev' for both of 'App/Copy'; pass a repository "
            "of another region or account, or use the image as it is",
        ),
        (
            for_a_consumer_beside_the_original,
            "env: repository 'app-there' is in 222222222222/us-east-1, got 111111111111/eu-west-1 for stack 'Consumer'; "
            "deploy both to one account and region",
        ),
    ],
    ids=["an index as code", "an image in CDK's repository", "to itself", "a consumer elsewhere"],
)
def test_a_mistake_is_named(small_app: SmallApp, make: Callable[[SmallApp], object], message: str) -> None:
    with refused(message):
        make(small_app)
