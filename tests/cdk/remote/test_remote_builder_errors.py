"""Settings and images that a remote builder refuses."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from scoped_images import (
    BuildOptions,
    BuildSecret,
    Platform,
    RemoteBuilder,
    ScopedContext,
    ScopedImagesError,
    UpstreamImages,
)
from tests.cdk.remote_builder import (
    builder_in,
    image_in,
    variables_of,
)
from tests.cdk.small_app import PLACE, SmallApp
from tests.refusals import refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"environment_name": "Dev_1"},
            "environment_name of 'Builds/Builder': must be usable in physical names, got 'Dev_1'; use 1-20 lower-case "
            "letters, digits and dashes, a letter first",
        ),
        (
            {"subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)},
            "vpc of 'Builds/Builder': must be given with subnets and security_groups, got None; pass the VPC that has "
            "them",
        ),
        (
            {"timeout": cdk.Duration.minutes(56)},
            "timeout of 'Builds/Builder': must be 5 to 55 whole minutes, got 56; CloudFormation waits one hour for a "
            "custom resource",
        ),
        (
            {"timeout": cdk.Duration.seconds(630)},
            "timeout of 'Builds/Builder': must be 5 to 55 whole minutes, got 10.5; CloudFormation waits one hour for a "
            "custom resource",
        ),
        (
            {"timeout": cdk.Duration.minutes(cdk.Token.as_number({"Ref": "Minutes"}))},
            "timeout of 'Builds/Builder': must be a literal, got a token; use Duration.minutes(30)",
        ),
        (
            {"secrets": {"a,b": BuildSecret.parameter("x")}},
            "secrets of 'Builds/Builder': must have ids that buildx takes, got 'a,b'; use letters, "
            "digits, '.', '_' and '-'",
        ),
    ],
)
def test_a_wrong_setting_is_named(small_app: SmallApp, options: dict[str, Any], message: str) -> None:
    with refused(message):
        RemoteBuilder(small_app.stack("Builds"), "Builder", **{"environment_name": "dev", **options})


def test_a_builder_without_a_place_is_refused(small_app: SmallApp) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        builder_in(small_app.stack("Builds", env=None))
    assert str(caught.value).startswith("env: stack 'Builds' needs a literal account and region")


SECRET = (
    "build_args['MODE'] of 'App/Image': arguments are in logs and in the image's history, got a reference to a secret; "
    "use build_secrets=, and secrets= of the builder for its place"
)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        # CloudFormation would put its value into the properties, and the build into its log.
        ({"build_args": {"MODE": cdk.SecretValue.secrets_manager("word").unsafe_unwrap()}}, SECRET),
        ({"build_args": {"MODE": cdk.SecretValue.ssm_secure("word").unsafe_unwrap()}}, SECRET),
        (
            {"build_args": {"MODE": cdk.Token.as_list({"Ref": "Hosts"})}},
            "build_args['MODE'] of 'App/Image': must be text, got a token for a list; use aws_cdk.Fn.join(\",\", …)",
        ),
        (
            {"build_secrets": {"pip": "env=PIP"}},
            "build_secrets of 'App/Image': must be known to its builder 'Builds/Builder', got 'pip' and not one of npm; "
            "a remote build reads no file or variable of this machine, so use RemoteBuilder(…, secrets={'pip': "
            "BuildSecret.secrets_manager(…)})",
        ),
        (
            {"ssh": "default"},
            "ssh of 'App/Image': a remote build cannot reach the SSH agent of this machine, got 'default'; pass a deploy "
            "key as a build secret",
        ),
        (
            {"network": "host"},
            "network of 'App/Image': BuildKit in a container gives no step the host's network, got 'host'; leave it out",
        ),
        (
            {"upstream": UpstreamImages(require_pins=True)},
            "require_pins: 'App/Image' is built by a BuildKit without a digest, got None; pass "
            "RemoteBuilder(buildkit_image='<image>@sha256:<digest>')",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_option_that_a_remote_build_does_not_take_is_refused(
    small_app: SmallApp, option: dict[str, Any], message: str
) -> None:
    builder = builder_in(small_app.stack("Builds"), secrets={"npm": BuildSecret.parameter("/npm")})
    with refused(message):
        image_in(small_app, small_app.stack("App"), builder, options=BuildOptions(**option))


def test_a_build_context_of_this_machine_is_refused(small_app: SmallApp) -> None:
    folder = small_app.context("app", "COPY --from=tools /a /a\n").root
    layout = f"oci-layout:///layout@sha256:{'1' * 64}"
    context = ScopedContext.from_dockerfile(
        folder, platform=Platform.LINUX_ARM64, build_contexts={"tools": layout}
    )
    with refused(
        f"build_contexts['tools'] of 'App/Image': a remote build cannot read a folder of this machine, got {layout!r}; "
        "push the image to a registry and use docker-image://"
    ):
        image_in(small_app, small_app.stack("App"), builder_in(small_app.stack("Builds")), context=context)


def test_arguments_too_long_for_codebuild_are_refused_at_synth(small_app: SmallApp) -> None:
    options = BuildOptions(build_args={"MODE": "x" * 30_000})
    with pytest.raises(
        ScopedImagesError, match=r"buildspec of 'app-dev': CodeBuild takes 25600 characters, got \d+, most"
    ):
        image_in(small_app, small_app.stack("App"), builder_in(small_app.stack("Builds")), options=options)


def test_a_dynamic_reference_must_be_a_token(small_app: SmallApp) -> None:
    """As text it is not a late argument, so the tag would stay while its value changes."""
    builder = builder_in(small_app.stack("Builds"))
    token = cdk.CfnDynamicReference(cdk.CfnDynamicReferenceService.SSM, "/word").to_string()
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    image_in(
        small_app, stack, builder, repository=repository, options=BuildOptions(build_args={"MODE": token})
    )
    assert variables_of(stack)["SCOPED_IMAGES_ARGUMENT_MODE"] == "{{resolve:ssm:/word}}"
    with refused(
        "build_args['MODE'] of 'Other/Image': the image's tag would not count the value that CloudFormation puts in "
        "place of it, got '{{resolve:ssm:/word}}'; use aws_cdk.CfnDynamicReference(…).to_string()"
    ):
        image_in(
            small_app,
            small_app.stack("Other"),
            builder,
            repository=repository,
            options=BuildOptions(build_args={"MODE": "{{resolve:ssm:/word}}"}),
        )


def test_an_image_without_a_repository_is_refused(small_app: SmallApp) -> None:
    with pytest.raises(ScopedImagesError, match="needs one, which RemoteBuilder pushes it to, got None"):
        small_app.image(small_app.stack("App"), builder=builder_in(small_app.stack("Builds")))


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
    repository = small_app.repository("app-dev", cdk.Stack(stage, "Repositories"))
    with pytest.raises(ScopedImagesError, match="CDK orders no stacks across stages or apps"):
        image_in(small_app, cdk.Stack(stage, "App"), builder, repository=repository)
