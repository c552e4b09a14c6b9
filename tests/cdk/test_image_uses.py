"""Whatever runs an image waits for it, in the same place, on its architecture: judged by the resolved templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_batch as batch
from aws_cdk import aws_bedrockagentcore as agentcore
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sam as sam
from aws_cdk import cloudformation_include
from aws_cdk.assertions import Annotations, Match, Template
from aws_cdk.cx_api import SynthesisMessageLevel
from constructs import Construct

from scoped_images import ImageRepository, Platform, ScopedImage
from tests.cdk.small_app import PLACE, SmallApp

BOTH = [Platform.LINUX_ARM64, Platform.LINUX_AMD64]
ROLE = "arn:aws:iam::111111111111:role/any"


def image_in(small_app: SmallApp, stack: Construct, **options: Any) -> ScopedImage:
    return ScopedImage(
        stack, "Image", **{"context": small_app.context("app"), "platform": Platform.LINUX_ARM64, **options}
    )


def function_of(stack: Construct, image: ScopedImage, name: str = "Function") -> lambda_.DockerImageFunction:
    return lambda_.DockerImageFunction(stack, name, code=image.to_lambda_code())


def uri(image: ScopedImage) -> str:
    return image.repository.repository_uri_for_tag(image.tag)


def errors(stack: cdk.Stack) -> list[str]:
    found = Annotations.from_stack(stack).find_error("*", Match.any_value())
    return sorted(str(entry.entry.data) for entry in found)


def waits_for(small_app: SmallApp, stack: str) -> set[str]:
    dependencies = small_app.synth()["manifest.json"]["artifacts"][stack]["dependencies"]
    return {name for name in dependencies if not name.endswith(".assets")}


def sam_function(scope: Construct, image: str) -> Any:
    return sam.CfnFunction(scope, "Run", package_type="Image", image_uri=image)


def fargate_job(scope: Construct, image: str) -> Any:
    return batch.CfnJobDefinition(
        scope,
        "Run",
        type="container",
        platform_capabilities=["FARGATE"],
        container_properties=batch.CfnJobDefinition.ContainerPropertiesProperty(image=image),
    )


def ecs_job(scope: Construct, image: str) -> Any:
    container = batch.CfnJobDefinition.TaskContainerPropertiesProperty(image=image)
    task = batch.CfnJobDefinition.EcsTaskPropertiesProperty(containers=[container])
    return batch.CfnJobDefinition(
        scope,
        "Run",
        type="container",
        platform_capabilities=["FARGATE"],
        ecs_properties=batch.CfnJobDefinition.EcsPropertiesProperty(task_properties=[task]),
    )


def ec2_job(scope: Construct, image: str) -> Any:
    container = batch.CfnJobDefinition.ContainerPropertiesProperty(image=image)
    return batch.CfnJobDefinition(scope, "Run", type="container", container_properties=container)


def model(scope: Construct, image: str) -> Any:
    container = sagemaker.CfnModel.ContainerDefinitionProperty(image=image)
    return sagemaker.CfnModel(scope, "Run", execution_role_arn=ROLE, primary_container=container)


def project(scope: Construct, image: str, kind: str = "ARM_CONTAINER") -> Any:
    return codebuild.CfnProject(
        scope,
        "Run",
        artifacts=codebuild.CfnProject.ArtifactsProperty(type="NO_ARTIFACTS"),
        environment=codebuild.CfnProject.EnvironmentProperty(
            compute_type="BUILD_GENERAL1_SMALL", image=image, type=kind
        ),
        service_role=ROLE,
        source=codebuild.CfnProject.SourceProperty(type="NO_SOURCE", build_spec="{}"),
    )


def service(scope: Construct, image: str) -> Any:
    repository = apprunner.CfnService.ImageRepositoryProperty(
        image_identifier=image, image_repository_type="ECR"
    )
    source = apprunner.CfnService.SourceConfigurationProperty(image_repository=repository)
    return apprunner.CfnService(scope, "Run", source_configuration=source)


def agent(scope: Construct, image: str) -> Any:
    container = agentcore.CfnRuntime.ContainerConfigurationProperty(container_uri=image)
    return agentcore.CfnRuntime(
        scope,
        "Run",
        agent_runtime_name="agent",
        agent_runtime_artifact=agentcore.CfnRuntime.AgentRuntimeArtifactProperty(
            container_configuration=container
        ),
        network_configuration=agentcore.CfnRuntime.NetworkConfigurationProperty(network_mode="PUBLIC"),
        role_arn=ROLE,
    )


def any_resource(scope: Construct, image: str) -> Any:
    return cdk.CfnResource(
        scope, "Run", type="Some::Future::Service", properties={"Deep": [{"Image": image}]}
    )


def overridden(scope: Construct, image: str) -> Any:
    resource = cdk.CfnResource(scope, "Run", type="Some::Future::Service")
    resource.add_property_override("Spec.Image", image)
    return resource


def included(scope: Construct, image: str) -> Any:
    """A template of somebody else's, whose parameter is the image."""
    app = scope.node.root
    assert isinstance(app, cdk.App)
    file = Path(app.outdir).parent / "included.json"
    template = {
        "Parameters": {"Image": {"Type": "String"}},
        "Resources": {"Run": {"Type": "Some::Future::Service", "Properties": {"Image": {"Ref": "Image"}}}},
    }
    file.write_text(json.dumps(template))
    return cloudformation_include.CfnInclude(
        scope, "Run", template_file=str(file), parameters={"Image": image}
    )


Make = Callable[[Construct, str], Any]
KINDS: list[Make] = [
    sam_function, fargate_job, ecs_job, ec2_job, model, project, service, agent, any_resource, overridden, included,
]  # fmt: skip


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_whatever_names_an_image_waits_for_the_stack_that_publishes_it(
    small_app: SmallApp, make: Make
) -> None:
    platform = Platform.LINUX_AMD64 if make is service else Platform.LINUX_ARM64
    image = image_in(small_app, small_app.stack("Images"), platform=platform)
    stack = small_app.stack("Runs")
    make(stack, uri(image))
    assert waits_for(small_app, "Runs") == {"Images"}
    assert errors(stack) == []


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_whatever_names_a_digest_that_another_stack_exports_is_an_error(
    small_app: SmallApp, make: Make
) -> None:
    platform = Platform.LINUX_AMD64 if make is service else Platform.LINUX_ARM64
    image = image_in(small_app, small_app.stack("Images"), platform=platform, pin_digest=True)
    stack = small_app.stack("Runs")
    make(stack, f"{image.repository.repository_uri}@{image.digest}")
    assert [error.partition(": ")[2] for error in errors(stack)] == [
        "its image is named by a value that stack 'Images' exports, and CloudFormation changes no export that is in "
        "use; put both into one stack, make the image with pin_digest=False, or set "
        "@aws-cdk/core:defaultCrossStackReferences to 'weak'"
    ]


def test_with_weak_references_a_digest_of_another_stack_is_no_export(small_app: SmallApp) -> None:
    """As `cdk init` writes it today."""
    small_app.app.node.set_context("@aws-cdk/core:defaultCrossStackReferences", "weak")
    image = image_in(small_app, small_app.stack("Images"), pin_digest=True)
    stack = small_app.stack("Functions")
    function_of(stack, image)
    assert waits_for(small_app, "Functions") == {"Images"}
    assert errors(stack) == []
    assert "Fn::ImportValue" not in json.dumps(small_app.synth()["Functions.template.json"])


def properties_of(stack: cdk.Stack, resource_type: str) -> Any:
    (resource,) = Template.from_stack(stack).find_resources(resource_type).values()
    return resource["Properties"]


@pytest.mark.parametrize("make", [fargate_job, ecs_job])
def test_a_fargate_job_gets_the_architecture_of_its_image(small_app: SmallApp, make: Make) -> None:
    stack = small_app.stack("App")
    make(stack, uri(image_in(small_app, stack)))
    found = json.dumps(properties_of(stack, "AWS::Batch::JobDefinition"))
    assert '"RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}' in found
    assert errors(stack) == []


def test_a_job_of_cdk_s_own_construct_gets_it_too(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    container = batch.EcsFargateContainerDefinition(
        stack,
        "Container",
        image=image_in(small_app, stack).to_container_image(),
        cpu=1,
        memory=cdk.Size.gibibytes(2),
    )
    batch.EcsJobDefinition(stack, "Job", container=container)
    found = properties_of(stack, "AWS::Batch::JobDefinition")["ContainerProperties"]["RuntimePlatform"]
    assert found == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}


def test_a_job_on_instances_gets_none_since_they_decide(small_app: SmallApp) -> None:
    """Batch refuses runtimePlatform outside of Fargate."""
    stack = small_app.stack("App")
    ec2_job(stack, uri(image_in(small_app, stack)))
    assert "RuntimePlatform" not in json.dumps(properties_of(stack, "AWS::Batch::JobDefinition"))


def test_a_sam_function_gets_the_architecture_of_its_image(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    sam_function(stack, uri(image_in(small_app, stack)))
    assert properties_of(stack, "AWS::Serverless::Function")["Architectures"] == ["arm64"]


def raw_function(scope: Construct, image: str) -> Any:
    properties = {"Code": {"ImageUri": image}, "PackageType": "Image", "Role": ROLE}
    return cdk.CfnResource(scope, "Run", type="AWS::Lambda::Function", properties=properties)


def x86_project(scope: Construct, image: str) -> Any:
    return project(scope, image, "LINUX_LAMBDA_CONTAINER")


def arm_project(scope: Construct, image: str) -> Any:
    return project(scope, image)


def x86_job(scope: Construct, image: str) -> Any:
    job = fargate_job(scope, image)
    job.add_property_override("ContainerProperties.RuntimePlatform.CpuArchitecture", "X86_64")
    return job


@pytest.mark.parametrize(
    ("make", "platform", "message"),
    [
        (
            raw_function,
            "linux/arm64",
            "Architectures: its image is built for linux/arm64, got no value; set ['arm64']",
        ),
        (
            x86_project,
            "linux/arm64",
            "Environment.Type: its image is built for linux/arm64, got LINUX_LAMBDA_CONTAINER; set ARM_LAMBDA_CONTAINER",
        ),
        (
            arm_project,
            "linux/amd64",
            "Environment.Type: its image is built for linux/amd64, got ARM_CONTAINER; set LINUX_CONTAINER",
        ),
        (
            service,
            "linux/arm64",
            "AWS::AppRunner::Service runs linux/amd64 only, got an image for linux/arm64; build it for linux/amd64",
        ),
        (
            agent,
            "linux/amd64",
            "AWS::BedrockAgentCore::Runtime runs linux/arm64 only, got an image for linux/amd64; build it for "
            "linux/arm64",
        ),
    ],
)
def test_another_architecture_than_the_image_s_is_an_error(
    small_app: SmallApp, make: Make, platform: str, message: str
) -> None:
    stack = small_app.stack("App")
    make(stack, uri(image_in(small_app, stack, platform=Platform(platform))))
    assert [error.partition(": ")[2] for error in errors(stack)] == [message]


@jsii.implements(cdk.IAspect)
class Late:
    """Comes after every other aspect, and sets another architecture."""

    def visit(self, node: Any) -> None:
        if isinstance(node, lambda_.CfnFunction) and node.package_type == "Image":
            node.architectures = ["x86_64"]


@pytest.mark.parametrize("way", ["override", "aspect"])
def test_what_overrides_and_late_aspects_set_is_seen(small_app: SmallApp, way: str) -> None:
    stack = small_app.stack("App")
    function = function_of(stack, image_in(small_app, stack))
    if way == "override":
        resource = function.node.default_child
        assert isinstance(resource, cdk.CfnResource)
        resource.add_property_override("Architectures", ["x86_64"])
    else:
        cdk.Aspects.of(small_app.app).add(Late(), priority=cdk.AspectPriority.READONLY)
    assert errors(stack) == [
        "App/Function/Resource: Architectures: its image is built for linux/arm64, got ['x86_64']; set ['arm64']"
    ]


def test_a_task_that_runs_one_platform_of_an_index_is_no_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image = image_in(small_app, stack, platform=None, platforms=BOTH, repository=repository)
    arm = ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64)
    task = ecs.FargateTaskDefinition(stack, "Task", runtime_platform=arm)
    task.add_container("app", image=image.to_container_image())
    assert errors(stack) == []


@pytest.mark.parametrize("nested", [True, False])
def test_what_runs_an_index_of_its_own_stack_waits_until_it_is_put(small_app: SmallApp, nested: bool) -> None:
    """By its tag, which is a literal, CloudFormation would not know."""
    stack = small_app.stack("App")
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image = image_in(small_app, stack, platform=None, platforms=BOTH, repository=repository)
    task = ecs.FargateTaskDefinition(cdk.NestedStack(stack, "Nested") if nested else stack, "Task")
    task.add_container("app", image=image.to_container_image())
    resources = Template.from_stack(stack).to_json()["Resources"]
    (index,) = (name for name, each in resources.items() if each["Type"] == "Custom::ScopedImagesIndex")
    kind = "AWS::CloudFormation::Stack" if nested else "AWS::ECS::TaskDefinition"
    (waiting,) = (each for each in resources.values() if each["Type"] == kind)
    assert index in waiting["DependsOn"]


OTHER = cdk.Environment(account="222222222222", region="eu-west-1")
AWAY = cdk.Environment(account="111111111111", region="us-east-1")


def test_a_function_in_another_region_than_its_image_is_an_error(small_app: SmallApp) -> None:
    image = image_in(small_app, small_app.stack("Images"))
    stack = small_app.stack("Functions", env=AWAY)
    function_of(stack, image)
    assert errors(stack) == [
        "Functions/Function/Resource: AWS::Lambda::Function takes images of its own region us-east-1 only, got one in "
        "eu-west-1; publish the image in us-east-1 too"
    ]


def test_a_task_in_another_region_than_its_image_waits_for_it(small_app: SmallApp) -> None:
    image = image_in(small_app, small_app.stack("Images"))
    stack = small_app.stack("Tasks", env=AWAY)
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=image.to_container_image())
    assert errors(stack) == []
    assert waits_for(small_app, "Tasks") == {"Images"}


def test_a_function_of_an_account_that_may_not_pull_is_an_error(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image = image_in(small_app, small_app.stack("Images"), repository=repository)
    stack = small_app.stack("Functions", env=OTHER)
    function_of(stack, image)
    assert errors(stack) == [
        "Functions/Function/Resource: its image is in repository 'app-dev' of account 111111111111, from which Lambda "
        "functions of account 222222222222 may not pull; give that ImageRepository pull_accounts=['222222222222']"
    ]


def test_an_image_in_cdk_s_own_repository_is_for_its_account_only(small_app: SmallApp) -> None:
    image = image_in(small_app, small_app.stack("Images"))
    stack = small_app.stack("Tasks", env=OTHER)
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=image.to_container_image())
    assert [error.partition("may not pull; ")[2] for error in errors(stack)] == [
        "give 'Images/Image' repository=, an ImageRepository with pull_accounts=['222222222222']"
    ]


def test_a_function_of_an_account_that_may_pull_waits_for_its_image(small_app: SmallApp) -> None:
    repository = small_app.repository(
        small_app.stack("Repositories"), "app-dev", pull_accounts=["222222222222"]
    )
    image = image_in(small_app, small_app.stack("Images"), repository=repository)
    stack = small_app.stack("Functions", env=OTHER)
    function_of(stack, image)
    assert errors(stack) == []
    assert waits_for(small_app, "Functions") == {"Images"}


def test_an_image_of_another_stage_is_an_error(small_app: SmallApp) -> None:
    """Nothing orders the stacks of two Stages."""
    stages = [cdk.Stage(small_app.app, name, env=PLACE) for name in ("One", "Two")]
    image = image_in(small_app, cdk.Stack(stages[0], "Images"))
    stack = cdk.Stack(stages[1], "Functions")
    function_of(stack, image)
    assert errors(stack) == [
        "Two/Functions/Function/Resource: its image is published by stack 'One/Images' of another Stage, and CDK orders "
        "no stacks across Stages; make the image in a stack of this Stage too"
    ]


def test_a_stage_that_publishes_the_same_image_itself_does_not_need_the_other_s(small_app: SmallApp) -> None:
    for name in ("One", "Two"):
        stage = cdk.Stage(small_app.app, name, env=PLACE)
        image = image_in(small_app, cdk.Stack(stage, "Images"))
        stack = cdk.Stack(stage, "Functions")
        function_of(stack, image)
    assert errors(stack) == []


def environment_in(
    small_app: SmallApp, scope: Construct, name: str, place: cdk.Environment, **options: Any
) -> None:
    """An image, and functions beside it, in a nested stack and, unless it is pinned, in another stack."""

    def stack(kind: str) -> cdk.Stack:
        return cdk.Stack(scope, f"{name}-{kind}", env=place)

    repository: ImageRepository = small_app.repository(stack("repositories"), f"app-{place.region}")
    images = stack("images")
    image = image_in(small_app, images, repository=repository, **options)
    function_of(images, image)
    function_of(cdk.NestedStack(images, "Nested"), image)
    if not options.get("pin_digest"):
        function_of(stack("functions"), image)


@pytest.mark.parametrize("pin_digest", [True, False])
def test_two_environments_regions_and_stages_with_the_same_image_share_nothing(
    small_app: SmallApp, pin_digest: bool
) -> None:
    environment_in(small_app, small_app.app, "here", PLACE, pin_digest=pin_digest)
    environment_in(small_app, small_app.app, "away", AWAY, pin_digest=pin_digest)
    for name, account in (("Dev", "333333333333"), ("Prod", "444444444444")):
        place = cdk.Environment(account=account, region="eu-west-1")
        environment_in(small_app, cdk.Stage(small_app.app, name), "staged", place, pin_digest=pin_digest)
    stacks = list(small_app.app.synth().stacks_recursively)
    assert len(stacks) == (8 if pin_digest else 12)
    paths = {stack.id: stack.hierarchical_id for stack in stacks}
    tags = set()
    for stack in stacks:
        environment, _, kind = stack.hierarchical_id.rpartition("-")
        assert [m.entry.data for m in stack.messages if m.level is SynthesisMessageLevel.ERROR] == []
        needed = {paths[each.id] for each in stack.dependencies if each.id in paths}
        first = {"repositories": [], "images": ["repositories"], "functions": ["images"]}[kind]
        assert needed == {f"{environment}-{each}" for each in first}
        own = Path(stack.template_full_path)
        nested = own.parent.glob(re.sub(r"\W", "", stack.hierarchical_id) + "*.nested.template.json")
        for file in (own, *nested):
            template = json.loads(file.read_text())
            assert "Fn::ImportValue" not in json.dumps(template)
            for properties in image_functions(template):
                text = json.dumps(properties["Code"]["ImageUri"])
                account, region = stack.environment.account, stack.environment.region
                assert f"{account}.dkr.ecr.{region}." in text
                assert properties["Architectures"] == ["arm64"]
                tags.add(text.partition(f"/app-{region}")[2])
    # By its tag; by the attribute of its digest, one for each name of a repository; by that as a parameter of each of
    # four nested stacks.
    assert len(tags) == (2 + 4 if pin_digest else 1)


def image_functions(template: dict[str, Any]) -> list[dict[str, Any]]:
    properties = [resource.get("Properties", {}) for resource in template["Resources"].values()]
    return [each for each in properties if each.get("PackageType") == "Image"]


def test_an_app_without_a_literal_place_is_ordered_too(small_app: SmallApp) -> None:
    images, functions = cdk.Stack(small_app.app, "Images"), cdk.Stack(small_app.app, "Functions")
    function_of(functions, image_in(small_app, images))
    assert waits_for(small_app, "Functions") == {"Images"}


def test_an_account_may_be_granted_to_pull_by_the_image(small_app: SmallApp) -> None:
    stack = small_app.stack("Repositories")
    repository = small_app.repository(stack, "app-dev")
    image = image_in(small_app, small_app.stack("Images"), repository=repository)
    image.repository.grant_pull(iam.AccountPrincipal("222222222222"))
    statements = properties_of(stack, "AWS::ECR::Repository")["RepositoryPolicyText"]["Statement"]
    assert len(statements) == 3
    assert ":iam::222222222222:root" in json.dumps(statements[2]["Principal"])


def test_a_function_adds_nothing_to_the_policy_of_its_image_s_repository(small_app: SmallApp) -> None:
    """The repository lets the account's functions pull already, and no others."""
    stack = small_app.stack("Repositories")
    repository = small_app.repository(stack, "app-dev")
    images = small_app.stack("Images")
    function_of(images, image_in(small_app, images, repository=repository))
    assert len(properties_of(stack, "AWS::ECR::Repository")["RepositoryPolicyText"]["Statement"]) == 2


def test_a_grant_that_cdk_s_own_repository_cannot_give_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("Images")
    image_in(small_app, stack).repository.grant_pull(iam.AccountPrincipal("222222222222"))
    assert errors(stack) == [
        "Images/Image/AssetRepository: an app cannot change the policy of CDK's own repository, got a grant for "
        "arn:${AWS::Partition}:iam::222222222222:root; give the image repository=, an ImageRepository"
    ]
