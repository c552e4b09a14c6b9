"""RemoteBuilder: projects by platform, and images built there with the rights of their own."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Match, Template
from constructs import Construct

from scoped_images import (
    BuildOptions,
    BuildSecret,
    ImageCopy,
    Platform,
    RemoteBuilder,
    ScopedImagesError,
)
from tests.cdk.remote_builder import (
    BUILD,
    PROJECT,
    REGISTRY,
    build_of,
    builder_in,
    commands_of,
    image_in,
    plain,
    project_of,
    statements,
    variables_of,
)
from tests.cdk.small_app import SmallApp
from tests.refusals import refused


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
    # CDK's default for ARM is the large one.
    assert project["Environment"]["ComputeType"] == "BUILD_GENERAL1_SMALL"
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


def test_two_platforms_are_two_builds_under_one_index_and_a_fleet_is_of_one_platform(
    small_app: SmallApp,
) -> None:
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
    template = Template.from_stack(stack)
    with_fleet = {"Environment": {"Type": "ARM_CONTAINER", "Fleet": {"FleetArn": Match.any_value()}}}
    template.resource_properties_count_is(PROJECT, with_fleet, 1)
    on_demand = {"Environment": {"Type": "LINUX_CONTAINER", "Fleet": Match.absent()}}
    template.resource_properties_count_is(PROJECT, on_demand, 1)
    found, projects = template.find_resources(BUILD), template.find_resources(PROJECT).values()
    assert {each["Properties"]["Project"] for each in found.values()} == {
        each["Properties"]["Name"] for each in projects
    }
    (index,) = template.find_resources("Custom::ScopedImagesIndex").values()
    assert set(found) <= set(index["DependsOn"])


def test_codebuild_builds_a_remote_image_and_the_cli_does_not(small_app: SmallApp) -> None:
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


def test_an_image_keeps_its_tag_when_it_changes_its_builder(small_app: SmallApp) -> None:
    """CloudFormation refuses another service token for the same resource."""
    repository = small_app.repository("app-dev")
    stacks = [small_app.stack(f"App{name}") for name in ("dev", "next")]
    images = [small_app.image(small_app.stack("Local"), repository=repository)]
    for stack, name in zip(stacks, ("dev", "next"), strict=True):
        builder = RemoteBuilder(small_app.stack(f"Builds{name}"), "Builder", environment_name=name)
        images.append(image_in(small_app, stack, builder, repository=repository))
    ids = [set(Template.from_stack(stack).find_resources(BUILD)) for stack in stacks]
    assert len(set.union(*ids)) == 2
    assert len({image.specs[0].content_tag for image in images}) == 1


@pytest.mark.parametrize(
    ("pin_digest", "reference"),
    [(True, r"@sha256:.*Fn::GetAtt.*\"Hex\""), (False, r"app-dev:.*Fn::GetAtt.*\"Tag\"")],
)
def test_a_function_waits_for_the_build_of_its_image(
    small_app: SmallApp, pin_digest: bool, reference: str
) -> None:
    builder = builder_in(small_app.stack("Builds"))
    stack = small_app.stack("App")
    image = image_in(small_app, stack, builder, pin_digest=pin_digest)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    (function,) = (
        Template.from_stack(stack)
        .find_resources("AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}})
        .values()
    )
    assert re.search(reference, json.dumps(function["Properties"]["Code"]["ImageUri"]))


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


def test_a_build_gets_the_name_of_a_secret_and_not_its_value(small_app: SmallApp) -> None:
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


def test_a_build_argument_may_be_a_token_whose_expression_changes_the_tag(small_app: SmallApp) -> None:
    builder = builder_in(small_app.stack("Builds"))
    repository = small_app.repository("app-dev")
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
    """Dependents name a base by its tag, a copy has the tag of its original, and an index one for all values."""
    builder = builder_in(small_app.stack("Builds"))
    repository = small_app.repository("base-dev")
    stack = small_app.stack("Base")
    arguments = {"URL": cdk.CfnParameter(stack, "Url").value_as_string}
    with refused(
        "build_args['URL']: the tag of a base image must be known at synth, got a token for 'Base/base-dev'; use a "
        "literal, or read the value at run time"
    ):
        small_app.base(
            stack, "base-dev", repository, builder=builder, options=BuildOptions(build_args=arguments)
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
    place = Construct(stack, "Copied")
    image = image_in(small_app, place, builder, options=BuildOptions(build_args=arguments))
    with refused(
        "build_args['URL']: the tag of an image to copy must be known at synth, got a token for 'Base/Copied/Image'; use "
        "a literal, or read the value at run time"
    ):
        ImageCopy(stack, "Copy", image=image, repository=repository)


def test_asking_again_for_deleted_images_is_a_property_of_each_build(small_app: SmallApp) -> None:
    small_app.app.node.set_context("scoped-images:again", "2026-11-21")
    stack = small_app.stack("App")
    image_in(small_app, stack, builder_in(small_app.stack("Builds")))
    assert build_of(stack)["LookAgain"] == "2026-11-21"


def test_mixed_chains_of_remote_and_local_images_are_ordered(small_app: SmallApp) -> None:
    """Remote on local on remote: each stack waits for the one below, and for the builder's."""
    builder = builder_in(small_app.stack("Builds"))
    repositories = small_app.stack("Repositories")

    def below(name: str, **options: Any) -> Any:
        repository = small_app.repository(name.lower(), repositories)
        return small_app.base(small_app.stack(name), name.lower(), repository, **options)

    lowest = below("Lowest", builder=builder)
    middle = below("Middle", base=lowest)
    top = small_app.stack("Top")
    image_in(small_app, top, builder, base=middle, repository=small_app.repository("top", repositories))
    small_app.synth()
    artifacts = json.loads((small_app.directory / "cdk.out" / "manifest.json").read_text())["artifacts"]
    assert {"Repositories", "Builds"} <= set(artifacts["Lowest"]["dependencies"])
    assert "Lowest" in artifacts["Middle.assets"]["dependencies"]
    assert {"Middle", "Builds"} <= set(artifacts["Top"]["dependencies"])


def test_builder_and_image_can_share_a_stack(small_app: SmallApp) -> None:
    """Also one that JavaScript made."""
    repository = small_app.repository(
        "app-dev", small_app.stack("Near", env=cdk.Environment(account="111111111111", region="us-east-1"))
    )
    builder = builder_in(small_app.javascript_stack())
    image_in(small_app, small_app.javascript_stack(), builder, repository=repository)
    (build,) = Template.from_stack(small_app.javascript_stack()).find_resources(BUILD).values()
    assert any("Provider" in name for name in build["DependsOn"])
