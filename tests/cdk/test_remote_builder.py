"""RemoteBuilder: projects by platform, and images built there with the rights of their own."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Match, Template
from cdk_nag import AwsSolutionsChecks

from scoped_images import (
    BuildOptions,
    BuildSecret,
    Platform,
    RegistryCache,
    RemoteBuilder,
    ScopedContext,
    ScopedImage,
    ScopedImagesError,
    UpstreamImages,
)
from tests.cdk.small_app import PLACE, SmallApp

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
BUILD = "Custom::ScopedImagesRemoteBuild"
PROJECT = "AWS::CodeBuild::Project"


def builder_in(stack: cdk.Stack, **options: Any) -> RemoteBuilder:
    return RemoteBuilder(stack, "Builder", environment_name="dev", **options)


def image_in(small_app: SmallApp, stack: cdk.Stack, builder: RemoteBuilder, **options: Any) -> ScopedImage:
    options.setdefault("repository", None)
    if options["repository"] is None:
        options["repository"] = small_app.repository(small_app.stack("Repositories"), "app-dev")
    given = {"context": small_app.context("app"), "platform": Platform.LINUX_ARM64, "builder": builder}
    return ScopedImage(stack, "Image", **{**given, **options})


def project_of(stack: cdk.Stack) -> dict[str, Any]:
    """Properties of the one project of a stack."""
    (resource,) = Template.from_stack(stack).find_resources(PROJECT).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def commands_of(stack: cdk.Stack) -> str:
    """The commands of the one project of a stack, a line each."""
    buildspec = plain(project_of(stack)["Source"]["BuildSpec"])
    return "\n".join(
        command for phase in json.loads(buildspec)["phases"].values() for command in phase["commands"]
    )


def variables_of(stack: cdk.Stack) -> dict[str, Any]:
    """Value by name of the variables of the one project of a stack."""
    return {each["Name"]: each["Value"] for each in project_of(stack)["Environment"]["EnvironmentVariables"]}


def build_of(stack: cdk.Stack) -> dict[str, Any]:
    """Properties of the one remote build of a stack."""
    (resource,) = Template.from_stack(stack).find_resources(BUILD).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def statements(stack: cdk.Stack, role_id: str) -> dict[str, Any]:
    """Resources by actions of the role whose logical id begins so."""
    found: dict[str, Any] = {}
    for policy in Template.from_stack(stack).find_resources("AWS::IAM::Policy").values():
        if all(role["Ref"].startswith(role_id) for role in policy["Properties"]["Roles"]):
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                found[actions if isinstance(actions, str) else " ".join(actions)] = plain(
                    statement["Resource"]
                )
    return found


def plain(value: Any) -> Any:
    """An intrinsic function as text, near enough to read."""
    if isinstance(value, dict) and "Fn::Join" in value:
        return "".join(plain(part) for part in value["Fn::Join"][1])
    if isinstance(value, dict) and "Ref" in value:
        return "aws" if value["Ref"] == "AWS::Partition" else f"<{value['Ref']}>"
    if isinstance(value, dict) and "Fn::Sub" in value:
        return value["Fn::Sub"]
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("platform", "machine"),
    [(Platform.LINUX_AMD64, "LINUX_CONTAINER"), (Platform.LINUX_ARM64, "ARM_CONTAINER")],
)
def test_an_image_has_a_project_of_its_own(small_app: SmallApp, platform: Platform, machine: str) -> None:
    builds, stack = small_app.stack("Builds"), small_app.stack("App")
    image_in(small_app, stack, builder_in(builds), platform=platform)
    project = project_of(stack)
    assert project["Name"].startswith("scoped-images-dev_App")
    assert project["Environment"]["Type"] == machine
    assert project["Environment"]["PrivilegedMode"]
    assert project["Source"]["Type"] == "NO_SOURCE"
    assert variables_of(stack)["SCOPED_IMAGES_REPOSITORY"] == "app-dev"
    assert variables_of(stack)["SCOPED_IMAGES_STACK"] == {"Ref": "AWS::StackId"}
    assert build_of(stack)["Project"] == project["Name"]
    template = Template.from_stack(builds)
    template.resource_count_is(PROJECT, 0)
    template.has_resource_properties(
        "AWS::Logs::LogGroup", {"LogGroupName": "/aws/codebuild/scoped-images-dev", "RetentionInDays": 30}
    )


@pytest.mark.parametrize("platform", Platform)
def test_the_default_machine_is_the_small_one_on_both_platforms(
    small_app: SmallApp, platform: Platform
) -> None:
    """CDK's default for ARM is the large one."""
    stack = small_app.stack("App")
    image_in(small_app, stack, builder_in(small_app.stack("Builds")), platform=platform)
    assert project_of(stack)["Environment"]["ComputeType"] == "BUILD_GENERAL1_SMALL"


def test_compute_timeout_retention_and_images_are_settings(small_app: SmallApp) -> None:
    builds, stack = small_app.stack("Builds"), small_app.stack("App")
    builder = builder_in(
        builds,
        compute_type=codebuild.ComputeType.LARGE,
        timeout=cdk.Duration.minutes(50),
        log_retention=logs.RetentionDays.ONE_WEEK,
        build_images={Platform.LINUX_AMD64: codebuild.LinuxBuildImage.STANDARD_7_0},
    )
    image_in(small_app, stack, builder, platform=Platform.LINUX_AMD64)
    Template.from_stack(stack).has_resource_properties(
        PROJECT,
        {
            "TimeoutInMinutes": 50,
            "Environment": {"ComputeType": "BUILD_GENERAL1_LARGE", "Image": "aws/codebuild/standard:7.0"},
        },
    )
    Template.from_stack(builds).has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 7})


def test_a_fleet_is_reserved_capacity_of_one_platform(small_app: SmallApp) -> None:
    builds, stack = small_app.stack("Builds"), small_app.stack("App")
    fleet = codebuild.Fleet(
        builds,
        "Fleet",
        compute_type=codebuild.FleetComputeType.MEDIUM,
        environment_type=codebuild.EnvironmentType.ARM_CONTAINER,
        base_capacity=1,
    )
    builder = builder_in(builds, fleets={Platform.LINUX_ARM64: fleet})
    image_in(small_app, stack, builder, platform=None, platforms=list(Platform))
    with_fleet = {"Environment": {"Type": "ARM_CONTAINER", "Fleet": {"FleetArn": Match.any_value()}}}
    Template.from_stack(stack).resource_properties_count_is(PROJECT, with_fleet, 1)
    on_demand = {"Environment": {"Type": "LINUX_CONTAINER", "Fleet": Match.absent()}}
    Template.from_stack(stack).resource_properties_count_is(PROJECT, on_demand, 1)


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


def test_a_remote_image_is_no_image_of_the_cli_s(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    stack = small_app.stack("App")
    image = image_in(
        small_app, stack, builder, pin_digest=True, options=BuildOptions(build_args={"MODE": "fast"})
    )
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    (spec,) = image.specs
    build, commands = build_of(stack), commands_of(stack)
    assert build["ImageTag"] == variables_of(stack)["SCOPED_IMAGES_TAG"] == spec.content_tag
    cache = f"type=registry,ref={REGISTRY}/app-dev:cache-linux-arm64"
    assert (
        f"--tag {REGISTRY}/app-dev:{spec.content_tag} --build-arg MODE=fast --cache-from {cache} " in commands
    )
    assert (
        f"--cache-to {cache},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true" in commands
    )
    assert build["ServiceTimeout"] == "2100"
    assert plain(build["ServiceToken"]) == (
        "arn:aws:lambda:eu-west-1:111111111111:function:scoped-images-dev-builds"
    )
    assets = small_app.synth()["App.assets.json"]
    assert assets.get("dockerImages", {}) == {}


def test_the_same_spec_has_the_same_tag_wherever_it_is_built(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    there = image_in(small_app, small_app.stack("There"), builder, repository=repository)
    here = ScopedImage(
        small_app.stack("Here"),
        "Image",
        context=small_app.context("app"),
        platform=Platform.LINUX_ARM64,
        repository=repository,
    )
    assert there.specs[0].content_tag == here.specs[0].content_tag


def test_an_image_can_change_its_builder(small_app: SmallApp) -> None:
    """CloudFormation refuses another service token for the same resource."""
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    stacks = [small_app.stack(f"App{name}") for name in ("dev", "next")]
    for stack, name in zip(stacks, ("dev", "next"), strict=True):
        builder = RemoteBuilder(small_app.stack(f"Builds{name}"), "Builder", environment_name=name)
        image_in(small_app, stack, builder, repository=repository)
    ids = [set(Template.from_stack(stack).find_resources(BUILD)) for stack in stacks]
    assert len(set.union(*ids)) == 2


def test_a_pinned_function_waits_for_the_build_and_has_its_digest(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    stack = small_app.stack("App")
    image = image_in(small_app, stack, builder, pin_digest=True)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    uri = json.dumps(
        next(
            f["Properties"]["Code"]["ImageUri"]
            for f in Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
        )
    )
    assert re.search(r"@sha256:.*Fn::GetAtt.*Hex", uri)


def test_an_unpinned_function_waits_for_the_build_too(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    stack = small_app.stack("App")
    image = image_in(small_app, stack, builder)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    (function,) = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    assert re.search(r"app-dev:.*Fn::GetAtt.*\"Tag\"", json.dumps(function["Properties"]["Code"]["ImageUri"]))


def test_the_archive_is_an_asset_by_its_content(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    stack = small_app.stack("App")
    image_in(small_app, stack, builder)
    files = small_app.synth()["App.assets.json"]["files"]
    (archive,) = [f for f in files.values() if f["source"]["path"].endswith(".tar.gz")]
    (destination,) = archive["destinations"].values()
    assert f"s3://{destination['bucketName']}/{destination['objectKey']} source.tar.gz" in commands_of(stack)
    assert archive["source"]["packaging"] == "file"
    content = gzip.decompress((small_app.directory / "cdk.out" / archive["source"]["path"]).read_bytes())
    assert f"echo '{hashlib.sha256(content).hexdigest()}  source.tar' | sha256sum --check" in commands_of(
        stack
    )


def test_a_build_may_touch_only_what_is_its_image_s(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"), secrets={"pip": BuildSecret.secrets_manager("pip-conf")})
    repositories = small_app.stack("Repositories")
    base = small_app.base(small_app.stack("Base"), "base-dev", small_app.repository(repositories, "base-dev"))
    stack = small_app.stack("App")
    image_in(
        small_app,
        stack,
        builder,
        base=base,
        repository=small_app.repository(repositories, "app-dev"),
        options=BuildOptions(build_secrets={"pip": "env=PIP_CONF"}),
    )
    place, project = "eu-west-1:111111111111", project_of(stack)["Name"]
    granted = statements(stack, "Image")
    archive = granted.pop("s3:GetObject")
    assert re.fullmatch(r"arn:aws:s3:::cdk-hnb659fds-assets-111111111111-eu-west-1/[0-9a-f]{64}\.gz", archive)
    assert granted == {
        "ecr:GetAuthorizationToken": "*",
        "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer ecr:CompleteLayerUpload "
        "ecr:InitiateLayerUpload ecr:PutImage ecr:UploadLayerPart": f"arn:aws:ecr:{place}:repository/app-dev",
        "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer": (
            f"arn:aws:ecr:{place}:repository/base-dev"
        ),
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


def test_the_functions_hand_on_no_role_and_only_look_at_what_they_serve(small_app: SmallApp) -> None:
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


def test_nobody_has_a_right_on_all_repositories(small_app: SmallApp) -> None:
    builds, app = small_app.stack("Builds"), small_app.stack("App")
    image_in(small_app, app, builder_in(builds))
    for stack in (builds, app):
        for policy in Template.from_stack(stack).find_resources("AWS::IAM::Policy").values():
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                actions = (
                    statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                )
                if any(action.startswith("ecr:") for action in actions) and actions != [
                    "ecr:GetAuthorizationToken"
                ]:
                    assert "*" not in plain(statement["Resource"])


def test_a_secret_is_known_by_name_alone(small_app: SmallApp) -> None:
    stack = small_app.stack("Builds")
    key = kms.Key(stack, "Key")
    builder = builder_in(
        stack,
        secrets={
            "npm": BuildSecret.parameter("/build/npm"),
            "pip": BuildSecret.secrets_manager("pip-conf", json_key="index"),
        },
        secret_keys=[key],
    )
    app = small_app.stack("App")
    image_in(small_app, app, builder, options=BuildOptions(build_secrets={"npm": "src=/home/me/.npmrc"}))
    assert {
        "Name": "SCOPED_IMAGES_SECRET_0",
        "Type": "PARAMETER_STORE",
        "Value": "/build/npm",
    } in project_of(app)["Environment"]["EnvironmentVariables"]
    granted = statements(app, "Image")
    assert granted["ssm:GetParameters"] == "arn:aws:ssm:eu-west-1:111111111111:parameter/build/npm"
    assert "kms:Decrypt" in granted
    assert "npmrc" not in json.dumps(Template.from_stack(app).to_json())


def test_a_token_is_welcome_as_an_argument_and_the_tag_counts_its_expression(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    tags = []
    for name, parameter in (("One", "Url"), ("Two", "Url"), ("Other", "Uri")):
        stack = small_app.stack(name)
        url = cdk.CfnParameter(stack, parameter).value_as_string
        image = image_in(
            small_app, stack, builder, repository=repository, options=BuildOptions(build_args={"URL": url})
        )
        tags.append(image.specs[0].content_tag)
    assert tags[0] == tags[1]
    assert tags[2] != tags[0]
    assert variables_of(stack)["SCOPED_IMAGES_ARGUMENT_URL"] == {"Ref": "Uri"}
    # So that CloudFormation asks again when the value changes.
    assert build_of(stack)["LateValues"] == {"URL": {"Ref": "Uri"}}


def test_a_token_is_refused_where_a_tag_must_be_known_at_synth(small_app: SmallApp) -> None:
    """Dependents name a base by its tag, and an index has one tag for all values."""
    builder = builder_in(small_app.stack("Builds"))
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    stack = small_app.stack("Base")
    arguments = {"URL": cdk.CfnParameter(stack, "Url").value_as_string}
    with pytest.raises(ScopedImagesError) as caught:
        small_app.base(
            stack, "base-dev", repository, builder=builder, options=BuildOptions(build_args=arguments)
        )
    assert str(caught.value) == (
        "build_args['URL']: the tag of a base image must be known at synth, got a token for 'Base/base-dev'; use a "
        "literal, or read the value at run time"
    )
    with pytest.raises(
        ScopedImagesError, match="the tag of an index over several platforms must be known at synth"
    ):
        image_in(
            small_app,
            stack,
            builder,
            repository=repository,
            platform=None,
            platforms=list(Platform),
            options=BuildOptions(build_args=arguments),
        )


def test_asking_again_for_deleted_images_is_a_property_of_each_build(small_app: SmallApp) -> None:
    small_app.app.node.set_context("scoped-images:again", "2026-11-21")
    stack = small_app.stack("App")
    image_in(small_app, stack, builder_in(small_app.stack("Builds")))
    assert build_of(stack)["LookAgain"] == "2026-11-21"


@pytest.mark.parametrize("in_vpc", [False, True])
def test_cdk_nag_has_no_findings_that_are_not_explained(small_app: SmallApp, in_vpc: bool) -> None:
    cdk.Validations.of(small_app.app).add_plugins(AwsSolutionsChecks(small_app.app))
    builds = small_app.stack("Builds")
    vpc = ec2.Vpc(builds, "Vpc", flow_logs={"All": ec2.FlowLogOptions()}) if in_vpc else None
    builder = builder_in(
        builds,
        vpc=vpc,
        secrets={"pip": BuildSecret.secrets_manager("pip-conf"), "npm": BuildSecret.parameter("/npm")},
    )
    stack = small_app.stack("App")
    image_in(
        small_app, stack, builder, options=BuildOptions(build_secrets={"pip": "env=PIP", "npm": "env=NPM"})
    )
    out = Path(small_app.app.synth().directory)
    reports = json.loads((out / "validation-report.json").read_text())["pluginReports"]
    assert "AwsSolutions" in {report["pluginName"] for report in reports}
    assert [one["ruleName"] for report in reports for one in report["violations"]] == []


def test_two_platforms_are_two_builds_under_one_index(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    stack = small_app.stack("App")
    image_in(small_app, stack, builder, platform=None, platforms=list(Platform))
    builds = Template.from_stack(stack).find_resources(BUILD)
    projects = Template.from_stack(stack).find_resources(PROJECT).values()
    assert {b["Properties"]["Project"] for b in builds.values()} == {
        p["Properties"]["Name"] for p in projects
    }
    assert len(projects) == 2
    (index,) = Template.from_stack(stack).find_resources("Custom::ScopedImagesIndex").values()
    assert set(builds) <= set(index["DependsOn"])


def test_mixed_chains_of_remote_and_local_images_are_ordered(small_app: SmallApp) -> None:
    """Remote on local on remote: each stack waits for the one below, and for the builder's."""
    builder = builder_in(small_app.stack("Builds"))
    repositories = small_app.stack("Repositories")

    def below(name: str, **options: Any) -> Any:
        repository = small_app.repository(repositories, name.lower())
        return small_app.base(small_app.stack(name), name.lower(), repository, **options)

    lowest = below("Lowest", builder=builder)
    middle = below("Middle", base=lowest)
    top = small_app.stack("Top")
    image_in(small_app, top, builder, base=middle, repository=small_app.repository(repositories, "top"))
    small_app.synth()
    artifacts = json.loads((small_app.directory / "cdk.out" / "manifest.json").read_text())["artifacts"]
    assert {"Repositories", "Builds"} <= set(artifacts["Lowest"]["dependencies"])
    assert "Lowest" in artifacts["Middle.assets"]["dependencies"]
    assert {"Middle", "Builds"} <= set(artifacts["Top"]["dependencies"])


def test_builder_and_image_can_share_a_stack(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image_in(small_app, stack, builder_in(stack))
    (build,) = Template.from_stack(stack).find_resources(BUILD).values()
    assert any("Provider" in name for name in build["DependsOn"])


def test_a_further_import_is_pulled_from_too(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    stack = small_app.stack("App")
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    cache = RegistryCache(
        repository=repository.address,
        platform=Platform.LINUX_ARM64,
        imports=(f"{REGISTRY}/other-dev:cache", "ghcr.io/somebody/cache:1"),
    )
    image_in(small_app, stack, builder, repository=repository, options=BuildOptions(cache=cache))
    pulled = statements(stack, "Image")[
        "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer"
    ]
    assert pulled == "arn:aws:ecr:eu-west-1:111111111111:repository/other-dev"


def test_a_mirror_of_buildkit_and_images_that_the_dockerfile_names_in_ecr_are_pulled(
    small_app: SmallApp,
) -> None:
    builder = builder_in(small_app.stack("Builds"), buildkit_image=f"{REGISTRY}/docker-hub/moby/buildkit:v1")
    stack = small_app.stack("App")
    folder = small_app.directory / "own-base"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {REGISTRY}/company:1\nCOPY --from=python:3.12 /x /x\n")
    image_in(small_app, stack, builder, context=ScopedContext.of(folder))
    granted, place = statements(stack, "Image"), "arn:aws:ecr:eu-west-1:111111111111:repository"
    assert granted["ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer"] == [
        f"{place}/company",
        f"{place}/docker-hub/moby/buildkit",
    ]
    assert granted["ecr:BatchImportUpstreamImage ecr:CreateRepository"] == f"{place}/docker-hub/moby/buildkit"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("222222222222.dkr.ecr.us-east-1.amazonaws.com", "us-east-1"),
        ("222222222222.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("222222222222.dkr-ecr.us-east-1.on.aws", "us-east-1"),
        ("222222222222.dkr-ecr-fips.us-east-1.on.aws", "us-east-1"),
        ("222222222222.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
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
    pull = "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer"
    assert statements(stack, "Image")[pull] == f"arn:aws:ecr:{region}:222222222222:repository/company"
    assert f"get-login-password --region {region} | docker login --username AWS --password-stdin {host}" in (
        commands_of(stack)
    )


def test_arguments_too_long_for_codebuild_are_refused_at_synth(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    with pytest.raises(ScopedImagesError, match=r"buildspec of 'app-dev' has \d+ characters"):
        image_in(
            small_app,
            small_app.stack("App"),
            builder,
            options=BuildOptions(build_args={"MODE": "x" * 30_000}),
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"environment_name": "Dev_1"},
            "environment_name of 'Builds/Builder' is 'Dev_1', and is part of physical names: use 1-20 lower-case "
            "letters, digits and dashes",
        ),
        (
            {"subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)},
            "subnets of 'Builds/Builder' is given without a VPC, and builds would run outside of any: give vpc=",
        ),
        (
            {"timeout": cdk.Duration.minutes(56)},
            "timeout of 'Builds/Builder' is 56 minutes, and takes 5 to 55, whole ones: CloudFormation waits for a "
            "custom resource for one hour",
        ),
        (
            {"timeout": cdk.Duration.seconds(630)},
            "timeout of 'Builds/Builder' is 10.5 minutes, and takes 5 to 55, whole ones: CloudFormation waits for a "
            "custom resource for one hour",
        ),
        (
            {"timeout": cdk.Duration.minutes(cdk.Token.as_number({"Ref": "Minutes"}))},
            "timeout of 'Builds/Builder' is a token: give a literal",
        ),
        (
            {"secrets": {"a,b": BuildSecret.parameter("x")}},
            "secrets of 'Builds/Builder' has the id 'a,b': use letters, digits, '.', '_' and '-'",
        ),
        (
            {"secrets": {"pip": "hunter2"}},
            "secrets['pip'] of 'Builds/Builder' is of type str, and takes where the secret is, never the secret itself: "
            "BuildSecret.secrets_manager(…) or BuildSecret.parameter(…)",
        ),
        (
            {"environment_name": None},
            "environment_name of 'Builds/Builder' is None, and is part of physical names: use 1-20 lower-case letters, "
            "digits and dashes",
        ),
        ({"timeout": 30}, "timeout of 'Builds/Builder' is int 30, and takes Duration: Duration.minutes(30)"),
    ],
)
def test_a_wrong_setting_is_named(small_app: SmallApp, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        RemoteBuilder(small_app.stack("Builds"), "Builder", **{"environment_name": "dev", **options})
    assert str(caught.value) == message


def test_a_builder_without_a_place_is_refused(small_app: SmallApp) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        builder_in(small_app.stack("Builds", env=None))
    assert str(caught.value).startswith("env: stack 'Builds' needs a literal account and region")


@pytest.mark.parametrize("place", ["secrets_manager", "ssm_secure"])
def test_a_secret_as_an_argument_is_refused(small_app: SmallApp, place: str) -> None:
    """CloudFormation would put its value into the properties, and the build into its log."""
    builder = builder_in(small_app.stack("Builds"))
    secret = getattr(cdk.SecretValue, place)("word").unsafe_unwrap()
    with pytest.raises(ScopedImagesError) as caught:
        image_in(
            small_app, small_app.stack("App"), builder, options=BuildOptions(build_args={"MODE": secret})
        )
    assert str(caught.value) == (
        "build_args['MODE'] of 'App/Image' is a secret, and arguments are in logs and in the image's history: give it as "
        "build_secrets=, and its place to the builder as secrets="
    )


def test_a_list_as_a_late_argument_is_refused(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    hosts: Any = cdk.Token.as_list({"Ref": "Hosts"})
    options = BuildOptions(build_args={"MODE": hosts})
    with pytest.raises(ScopedImagesError) as caught:
        image_in(
            small_app,
            stack,
            builder_in(small_app.stack("Builds")),
            options=options,
        )
    assert str(caught.value) == (
        "build_args['MODE'] of 'App/Image' is a token for a list, and takes text: aws_cdk.Fn.join(\",\", …)"
    )


def test_a_dynamic_reference_is_welcome_as_a_token_alone(small_app: SmallApp) -> None:
    """As text it is no late argument, and the tag would stay while its value changes."""
    builder = builder_in(small_app.stack("Builds"))
    token = cdk.CfnDynamicReference(cdk.CfnDynamicReferenceService.SSM, "/word").to_string()
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    stack = small_app.stack("App")
    image_in(
        small_app, stack, builder, repository=repository, options=BuildOptions(build_args={"MODE": token})
    )
    assert variables_of(stack)["SCOPED_IMAGES_ARGUMENT_MODE"] == "{{resolve:ssm:/word}}"
    with pytest.raises(ScopedImagesError) as caught:
        image_in(
            small_app,
            small_app.stack("Other"),
            builder,
            repository=repository,
            options=BuildOptions(build_args={"MODE": "{{resolve:ssm:/word}}"}),
        )
    assert str(caught.value) == (
        "build_args['MODE'] of 'Other/Image' is text that CloudFormation puts a value in place of, and the image's tag "
        "would not count the value: use aws_cdk.CfnDynamicReference(…).to_string()"
    )


def test_an_image_without_a_repository_is_refused(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    with pytest.raises(ScopedImagesError, match="needs one, which RemoteBuilder pushes it to, got None"):
        ScopedImage(
            small_app.stack("App"),
            "Image",
            context=small_app.context("app"),
            platform=Platform.LINUX_ARM64,
            builder=builder,
        )


def test_a_secret_that_the_builder_does_not_know_is_refused(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"), secrets={"npm": BuildSecret.parameter("/npm")})
    with pytest.raises(ScopedImagesError) as caught:
        image_in(
            small_app, small_app.stack("App"), builder, options=BuildOptions(build_secrets={"pip": "env=PIP"})
        )
    assert str(caught.value) == (
        "build_secrets of 'App/Image' has 'pip', and its builder 'Builds/Builder' knows npm: a remote build reads "
        "no file or variable of this machine, so tell the builder where it is, RemoteBuilder(…, "
        "secrets={'pip': BuildSecret.secrets_manager(…)})"
    )


@pytest.mark.parametrize("builder_s", [True, False])
def test_another_account_is_refused(small_app: SmallApp, builder_s: bool) -> None:
    """Of the builder and of the image."""
    elsewhere = cdk.Environment(account="222222222222", region="eu-west-1")
    builder = builder_in(small_app.stack("Builds", env=elsewhere if builder_s else PLACE))
    with pytest.raises(ScopedImagesError, match="deploy both to one account and region"):
        image_in(small_app, small_app.stack("App", env=PLACE if builder_s else elsewhere), builder)


def test_a_builder_of_another_stage_is_refused(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    stage = cdk.Stage(small_app.app, "Stage", env=PLACE)
    repository = small_app.repository(cdk.Stack(stage, "Repositories"), "app-dev")
    with pytest.raises(ScopedImagesError, match="are in different stages"):
        image_in(small_app, cdk.Stack(stage, "App"), builder, repository=repository)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            {"ssh": "default"},
            "ssh of 'App/Image': a remote build cannot reach the SSH agent of this machine, got 'default'; pass a deploy "
            "key as a build secret",
        ),
        (
            {"network": "host"},
            "network of 'App/Image': BuildKit in a container gives no step the host's network, got 'host'; "
            "leave it out",
        ),
    ],
)
def test_an_option_that_only_a_local_build_has_is_refused(
    small_app: SmallApp, option: dict[str, Any], message: str
) -> None:
    stack, builder = small_app.stack("App"), builder_in(small_app.stack("Builds"))
    with pytest.raises(ScopedImagesError) as refused:
        image_in(small_app, stack, builder, options=BuildOptions(**option))
    assert str(refused.value) == message


def test_required_pins_include_the_buildkit_that_builds(small_app: SmallApp) -> None:
    stack, builder = small_app.stack("App"), builder_in(small_app.stack("Builds"))
    with pytest.raises(ScopedImagesError) as refused:
        image_in(small_app, stack, builder, options=BuildOptions(upstream=UpstreamImages(require_pins=True)))
    assert str(refused.value) == (
        "require_pins: 'App/Image' is built by a BuildKit without a digest, got None; pass "
        "RemoteBuilder(buildkit_image='<image>@sha256:<digest>')"
    )
