"""The rights of remote builds and of the functions that start them."""

from __future__ import annotations

import re

import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Template

from scoped_images import (
    BuildOptions,
    BuildSecret,
    Platform,
    RegistryCache,
    ScopedContext,
)
from tests.cdk.remote_builder import (
    REGISTRY,
    builder_in,
    commands_of,
    image_in,
    plain,
    project_of,
    statements,
)
from tests.cdk.small_app import SmallApp

PULL = "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer"


def test_in_a_vpc_the_project_and_its_role_have_what_they_need(small_app: SmallApp) -> None:
    builds = small_app.stack("Builds")
    builder = builder_in(builds, vpc=ec2.Vpc(builds, "Vpc"))
    app = small_app.stack("App")
    image_in(small_app, app, builder)
    assert set(project_of(app)["VpcConfig"]) == {"VpcId", "Subnets", "SecurityGroupIds"}
    network = {actions for actions in statements(app, "Image") if "ec2:" in actions}
    assert len(network) == 2
    Template.from_stack(builds).resource_count_is("AWS::EC2::SecurityGroup", 1)
    Template.from_stack(app).resource_count_is("AWS::EC2::SecurityGroup", 0)


def test_a_build_may_touch_only_what_is_its_image_s(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"), secrets={"pip": BuildSecret.secrets_manager("pip-conf")})
    base = small_app.base(small_app.stack("Base"), "base-dev", small_app.repository("base-dev"))
    stack = small_app.stack("App")
    image_in(
        small_app,
        stack,
        builder,
        base=base,
        repository=small_app.repository("app-dev"),
        options=BuildOptions(build_secrets={"pip": "env=PIP_CONF"}),
    )
    place, project = "eu-west-1:111111111111", project_of(stack)["Name"]
    granted = statements(stack, "Image")
    archive = granted.pop("s3:GetObject")
    assert re.fullmatch(r"arn:aws:s3:::cdk-hnb659fds-assets-111111111111-eu-west-1/[0-9a-f]{64}\.gz", archive)
    assert granted == {
        "ecr:GetAuthorizationToken": "*",
        f"{PULL} ecr:CompleteLayerUpload ecr:InitiateLayerUpload ecr:PutImage ecr:UploadLayerPart": (
            f"arn:aws:ecr:{place}:repository/app-dev"
        ),
        PULL: f"arn:aws:ecr:{place}:repository/base-dev",
        "logs:CreateLogStream logs:PutLogEvents": (
            f"arn:aws:logs:{place}:log-group:/aws/codebuild/scoped-images-dev:log-stream:{project}/*"
        ),
        "secretsmanager:GetSecretValue": f"arn:aws:secretsmanager:{place}:secret:pip-conf-??????",
    }
    assert project_of(stack)["LogsConfig"]["CloudWatchLogs"] == {
        "GroupName": "/aws/codebuild/scoped-images-dev",
        "Status": "ENABLED",
        "StreamName": project,
    }


def test_only_an_image_s_own_project_may_take_its_role(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image_in(small_app, stack, builder_in(small_app.stack("Builds")))
    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "codebuild.amazonaws.com"}
    assert plain(trust["Condition"]["StringEquals"]["aws:SourceArn"]) == (
        f"arn:aws:codebuild:eu-west-1:111111111111:project/{project_of(stack)['Name']}"
    )
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == "111111111111"


def test_the_functions_pass_no_role_and_read_only_what_they_serve(small_app: SmallApp) -> None:
    builds = small_app.stack("Builds")
    builder = builder_in(builds)
    image_in(small_app, small_app.stack("App"), builder)
    place = "eu-west-1:111111111111"
    granted = statements(builds, "BuilderFunctionsRole")
    del granted["logs:CreateLogStream logs:PutLogEvents"]
    assert granted == {
        "codebuild:BatchGetBuilds codebuild:BatchGetProjects codebuild:ListBuildsForProject codebuild:StartBuild "
        "codebuild:StopBuild": f"arn:aws:codebuild:{place}:project/scoped-images-dev_*",
        "logs:GetLogEvents": granted["logs:GetLogEvents"],
        "ecr:DescribeImages": f"arn:aws:ecr:{place}:repository/app-dev",
        "cloudformation:DescribeStacks": f"arn:aws:cloudformation:{place}:stack/App/*",
    }
    Template.from_stack(builds).has_resource_properties(
        "AWS::Lambda::Function", {"Environment": {"Variables": {"PROJECT_PREFIX": "scoped-images-dev_"}}}
    )


def test_whatever_a_build_reads_in_ecr_is_pulled_and_the_mirror_fills_its_cache(small_app: SmallApp) -> None:
    """The images that the Dockerfile names, further caches, and a mirror of BuildKit."""
    builder = builder_in(small_app.stack("Builds"), buildkit_image=f"{REGISTRY}/docker-hub/moby/buildkit:v1")
    stack, repository = small_app.stack("App"), small_app.repository("app-dev")
    folder = small_app.directory / "own-base"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {REGISTRY}/company:1\nCOPY --from=python:3.12 /x /x\n")
    cache = RegistryCache(
        repository=repository.address,
        platform=Platform.LINUX_ARM64,
        imports=(f"{REGISTRY}/other-dev:cache", "ghcr.io/somebody/cache:1"),
    )
    image_in(
        small_app,
        stack,
        builder,
        context=ScopedContext.of(folder),
        repository=repository,
        options=BuildOptions(cache=cache),
    )
    granted, place = statements(stack, "Image"), "arn:aws:ecr:eu-west-1:111111111111:repository"
    assert granted[PULL] == [
        f"{place}/{name}" for name in ("company", "docker-hub/moby/buildkit", "other-dev")
    ]
    assert granted["ecr:BatchImportUpstreamImage ecr:CreateRepository"] == f"{place}/docker-hub/moby/buildkit"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("222222222222.dkr-ecr-fips.us-east-1.on.aws", "us-east-1"),
        ("222222222222.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
    ],
)
def test_whatever_ecr_host_the_dockerfile_names_is_logged_in_to_and_pulled_from(
    small_app: SmallApp, host: str, region: str
) -> None:
    stack = small_app.stack("App")
    folder = small_app.directory / "own-base"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {host}/company:1\n")
    image_in(small_app, stack, builder_in(small_app.stack("Builds")), context=ScopedContext.of(folder))
    assert statements(stack, "Image")[PULL] == f"arn:aws:ecr:{region}:222222222222:repository/company"
    assert f"get-login-password --region {region} | docker login --username AWS --password-stdin {host}" in (
        commands_of(stack)
    )
