"""Repositories, base images and images that the app does not make."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match, Template

from scoped_images import (
    BuildOptions,
    ExistingImage,
    ImageRepository,
    ImagesLock,
    Platform,
    ScopedImage,
    ScopedImagesError,
    UpstreamImages,
)
from tests.cdk.registry_resources import looked_up
from tests.cdk.small_app import SmallApp
from tests.refusals import refused

HERE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
THERE = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::111111111111:role/cdk-hnb659fds-image-publishing-role-111111111111-eu-west-1"
DIGEST = f"sha256:{'1' * 64}"


def image_in(small_app: SmallApp, stack: cdk.Stack, **options: Any) -> ScopedImage:
    return ScopedImage(stack, "Image", context=small_app.context("app"), **options)


def asset_of(small_app: SmallApp, stack: str = "App") -> dict[str, Any]:
    (asset,) = small_app.synth()[f"{stack}.assets.json"]["dockerImages"].values()
    found: dict[str, Any] = asset
    return found


def errors_of(small_app: SmallApp) -> list[str]:
    stacks = small_app.app.synth().stacks
    return [str(m.entry.data) for stack in stacks for m in stack.messages if m.level.name == "ERROR"]


@pytest.mark.parametrize("way", ["name", "arn", "import"])
def test_an_image_goes_to_a_repository_that_exists_and_waits_for_no_stack(
    small_app: SmallApp, way: str
) -> None:
    stack = small_app.stack("App")
    arn = "arn:aws:ecr:eu-west-1:111111111111:repository/team/upload"
    repository = {
        "name": lambda: ImageRepository.from_name(stack, "Repository", "team/upload"),
        "arn": lambda: ImageRepository.from_arn(stack, "Repository", arn),
        "import": lambda: ImageRepository.from_repository(
            stack, "Repository", ecr.Repository.from_repository_name(stack, "Stock", "team/upload")
        ),
    }[way]()
    image = image_in(small_app, stack, repository=repository)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    asset = asset_of(small_app)
    (destination,) = asset["destinations"].values()
    assert (destination["repositoryName"], destination["imageTag"]) == ("team/upload", image.tag)
    ref = f"{HERE}/team/upload:cache-linux-amd64"
    assert asset["source"]["cacheTo"]["params"]["ref"] == ref
    artifacts = small_app.synth()["manifest.json"]["artifacts"]
    assert "dependencies" not in artifacts["App.assets"]
    assert errors_of(small_app) == []
    Template.from_stack(stack).resource_count_is("AWS::ECR::Repository", 0)


def test_the_policy_that_it_needs_is_printed_with_each_account_once(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    repository = ImageRepository.from_name(stack, "Repository", "upload", pull_accounts=["333333333333"] * 2)
    statements = json.loads(repository.policy_text)["Statement"]
    assert [each["Sid"] for each in statements] == [
        "ImagePublishingRole",
        "LambdaFunctions",
        "Account333333333333",
        "LambdaFunctionsOf333333333333",
    ]
    assert statements[0]["Principal"] == {"AWS": ROLE}
    assert statements[1]["Condition"] == {
        "StringLike": {"aws:sourceArn": "arn:aws:lambda:eu-west-1:111111111111:function:*"}
    }
    Annotations.from_stack(stack).has_info(
        "/App/Repository",
        "repository 'upload' is not of this app: its policy must let CDK's image-publishing role push and Lambda pull; "
        "policy_text is that policy, for aws ecr set-repository-policy [ack: scoped-images:repository-policy]",
    )


def test_it_is_the_policy_of_the_app_s_own_repositories(small_app: SmallApp) -> None:
    stack = small_app.stack("Own")
    small_app.repository("own", stack, pull_accounts=["333333333333"])
    existing = ImageRepository.from_name(
        small_app.stack("App"), "Repository", "upload", pull_accounts=["333333333333"]
    )
    (own,) = Template.from_stack(stack).find_resources("AWS::ECR::Repository").values()
    assert own["Properties"]["RepositoryPolicyText"] == json.loads(existing.policy_text)


def test_a_stock_repository_of_the_app_gets_the_policy_and_comes_first(small_app: SmallApp) -> None:
    repositories, stack = small_app.stack("Repositories"), small_app.stack("App")
    stock = ecr.Repository(repositories, "Stock", repository_name="upload")
    repository = ImageRepository.from_repository(stack, "Repository", stock)
    image = image_in(small_app, stack, repository=repository)
    image.repository.grant_pull(iam.AccountPrincipal("333333333333"))
    assert small_app.synth()["manifest.json"]["artifacts"]["App.assets"]["dependencies"] == ["Repositories"]
    (resource,) = Template.from_stack(repositories).find_resources("AWS::ECR::Repository").values()
    statements = resource["Properties"]["RepositoryPolicyText"]["Statement"]
    assert [each.get("Sid") for each in statements] == ["ImagePublishingRole", "LambdaFunctions", None]


def test_a_grant_that_another_app_s_repository_cannot_give_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    repository = ImageRepository.from_name(stack, "Repository", "upload")
    image_in(small_app, stack, repository=repository).repository.grant_pull(
        iam.AccountPrincipal("333333333333")
    )
    assert errors_of(small_app) == [
        "App/Image/AssetRepository: an app cannot change the policy of repository 'upload', which it does not make, got "
        "a grant for arn:${AWS::Partition}:iam::333333333333:root; add the statement to that policy"
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda stack: ImageRepository.from_arn(stack, "R", "upload"),
            "repository_arn: must be arn:aws:ecr:<region>:<account>:repository/<name>, got 'upload'; use a "
            "literal ARN",
        ),
        (
            lambda stack: ImageRepository.from_repository(stack, "R", ecr.Repository(stack, "Stock")),
            "repository: images are pushed before CloudFormation knows a generated name, got 'App/Stock'; give it a "
            "literal repository_name",
        ),
        (
            lambda stack: ImageRepository.from_name(stack, "R", "upload", pull_accounts=["1"]),
            "pull_accounts: must be ids of 12 digits, got '1'; use ['111111111111']",
        ),
        (
            lambda stack: ExistingImage(stack, "I", "python:3.13").to_lambda_code(),
            "uri: Lambda takes images of ECR only, got 'python:3.13' for 'App/I'; copy the image to ECR, or pull it "
            "through a PullThroughCache",
        ),
        (
            lambda stack: ExistingImage(stack, "I", "python:3.13", pin_digest=True),
            "pin_digest: digests are looked up in ECR of the stack's region eu-west-1, got 'python:3.13' for 'App/I'; "
            "write the digest into the URI, …@sha256:…",
        ),
        (
            lambda stack: ExistingImage(
                stack, "I", f"{cdk.Aws.ACCOUNT_ID}.dkr.ecr.eu-west-1.amazonaws.com/x"
            ),
            "uri of 'App/I': images are built before CloudFormation knows tokens, got",
        ),
        (
            lambda stack: ExistingImage(stack, "I", "Upper:1"),
            "uri of 'App/I': 'Upper:1' is not the name of an image; write it like",
        ),
    ],
    ids=["arn", "generated", "account", "registry", "pin", "token", "name"],
)
def test_a_mistake_is_named(small_app: SmallApp, make: Any, message: str) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        make(small_app.stack("App"))
    assert str(caught.value).startswith(message)


def test_an_image_is_not_pushed_to_another_account(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    arn = "arn:aws:ecr:eu-west-1:222222222222:repository/upload"
    repository = ImageRepository.from_arn(stack, "Repository", arn)
    with refused(
        "env: repository 'upload' is in 222222222222/eu-west-1, got 111111111111/eu-west-1 for stack 'App'; deploy both "
        "to one account and region"
    ):
        image_in(small_app, stack, repository=repository)


@pytest.mark.parametrize(
    ("uri", "lock", "read"),
    [
        (f"{THERE}/base:prod", {}, None),
        (f"{THERE}/base:prod", {f"{THERE}/base:prod": DIGEST}, f"docker-image://{THERE}/base@{DIGEST}"),
        (f"{THERE}/base@{DIGEST}", {}, None),
    ],
    ids=["unpinned", "locked", "by digest"],
)
def test_a_base_by_uri_is_read_at_its_pin(
    small_app: SmallApp, uri: str, lock: dict[str, str], read: str | None
) -> None:
    stack = small_app.stack("App")
    options = BuildOptions(upstream=UpstreamImages(lock=ImagesLock(images=lock)))
    image_in(small_app, stack, base=uri, named_bases={"tools": uri}, options=options)
    source = asset_of(small_app)["source"]
    assert source["dockerBuildArgs"] == {"BASE_IMAGE_URI": uri}
    contexts = dict(source["dockerBuildContexts"])
    assert contexts.pop("tools") == (read or f"docker-image://{uri}")
    assert contexts == ({uri: read} if read else {})
    warned = Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("is not pinned.*; add its digest to the URI, @sha256:… ")
    )
    assert len(warned) == (0 if lock or "@" in uri else 1)


def test_a_base_that_is_not_pinned_is_refused_where_pins_are_required(small_app: SmallApp) -> None:
    with refused(
        "require_pins: Dockerfile must name each external image by a digest or have its pin in the lock file, got "
        f"{THERE}/base:1, {THERE}/tools:1; add its digest to the URI, @sha256:…"
    ):
        image_in(
            small_app,
            small_app.stack("App"),
            base=f"{THERE}/base:1",
            named_bases={"tools": f"{THERE}/tools:1"},
            options=BuildOptions(upstream=UpstreamImages(require_pins=True)),
        )


def test_another_base_by_uri_is_another_image(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    tags = {
        ScopedImage(stack, name, context=small_app.context("app"), base=base).tag
        for name, base in (("a", None), ("b", f"{THERE}/base:1"), ("c", f"{THERE}/base:2"))
    }
    assert len(tags) == 3


@pytest.mark.parametrize(
    ("uri", "options", "runs"),
    [
        (f"{HERE}/upload:v1", {}, "/upload:v1"),
        (f"{THERE}/upload@{DIGEST}", {}, f"/upload@{DIGEST}"),
        (f"{HERE}/upload:v1", {"pin_digest": True}, "/upload@sha256:"),
    ],
    ids=["tag", "digest of another account", "looked up"],
)
def test_functions_and_containers_run_an_image_by_its_uri(
    small_app: SmallApp, uri: str, options: dict[str, Any], runs: str
) -> None:
    stack = small_app.stack("App")
    image = ExistingImage(stack, "Image", uri, platform=Platform.LINUX_ARM64, **options)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code(cmd=["app.handler"]))
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=image.to_container_image())
    cdk.CfnOutput(stack, "Uri", value=image.uri)
    template = Template.from_stack(stack)
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}}
    ).values()
    (task,) = template.find_resources("AWS::ECS::TaskDefinition").values()
    assert function["Properties"]["Architectures"] == ["arm64"]
    assert function["Properties"]["ImageConfig"]["Command"] == ["app.handler"]
    (output,) = template.find_outputs("*").values()
    for place in (
        function["Properties"]["Code"]["ImageUri"],
        task["Properties"]["ContainerDefinitions"][0]["Image"],
        output["Value"],
    ):
        assert runs in json.dumps(place)
        assert uri[:12] in json.dumps(place)
    assert [each["ImageTag"] for each in looked_up(template)] == (["v1"] if options else [])
    assert errors_of(small_app) == []


@pytest.mark.parametrize("uri", [f"{HERE}/upload:v1", f"{THERE}/upload@{DIGEST}"], ids=["tag", "digest"])
def test_what_runs_an_existing_image_in_another_stack_or_stage_waits_for_none(
    small_app: SmallApp, uri: str
) -> None:
    image = ExistingImage(small_app.stack("Holds"), "Image", uri, platform=Platform.LINUX_ARM64)
    stage = cdk.Stage(small_app.app, "Stage", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    stacks = (small_app.stack("Runs"), cdk.Stack(stage, "Runs"))
    for stack in stacks:
        lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    for stack in stacks:
        template = Template.from_stack(stack)
        template.has_resource_properties("AWS::Lambda::Function", {"Architectures": ["arm64"]})
    assert errors_of(small_app) == []
    assembly = small_app.app.synth()
    staged = assembly.get_nested_assembly("assembly-Stage").stacks
    assert [str(m.entry.data) for each in staged for m in each.messages if m.level.name == "ERROR"] == []
    (runs,) = [each for each in assembly.stacks if each.stack_name == "Runs"]
    assert "Holds" not in {each.id for each in runs.dependencies}


def test_an_existing_image_sets_no_architecture_of_an_image_whose_name_contains_its_tag(
    small_app: SmallApp,
) -> None:
    stack = small_app.stack("App")
    ExistingImage(stack, "Image", f"{HERE}/upload:v1", platform=Platform.LINUX_ARM64)
    other = ExistingImage(stack, "Other", f"{HERE}/upload:v1.2")
    lambda_.DockerImageFunction(stack, "Function", code=other.to_lambda_code())
    (function,) = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    assert "Architectures" not in function["Properties"]
    assert errors_of(small_app) == []


def test_a_container_runs_an_image_of_any_registry(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image = ExistingImage(stack, "Image", "public.ecr.aws/nginx/nginx:1.27")
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=image.to_container_image())
    (task,) = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    assert task["Properties"]["ContainerDefinitions"][0]["Image"] == "public.ecr.aws/nginx/nginx:1.27"
