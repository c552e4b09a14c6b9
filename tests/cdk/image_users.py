"""Resources of every kind that runs an image."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_batch as batch
from aws_cdk import aws_bedrockagentcore as agentcore
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sam as sam
from aws_cdk import cloudformation_include
from aws_cdk.assertions import Template
from constructs import Construct

from scoped_images import ScopedImage
from tests.cdk.small_app import SmallApp

ROLE = "arn:aws:iam::111111111111:role/any"


def function_of(scope: Construct, image: ScopedImage, **options: Any) -> lambda_.DockerImageFunction:
    """A stock function that runs an image."""
    return lambda_.DockerImageFunction(scope, "Function", code=image.to_lambda_code(), **options)


def task_of(scope: Construct, image: ScopedImage, **options: Any) -> None:
    """A stock task definition that runs an image."""
    task = ecs.FargateTaskDefinition(scope, "Task", **options)
    task.add_container("app", image=image.to_container_image())


def uri(image: ScopedImage) -> str:
    return image.repository.repository_uri_for_tag(image.tag)


def waits_for(small_app: SmallApp, stack: str) -> set[str]:
    dependencies = small_app.synth()["manifest.json"]["artifacts"][stack]["dependencies"]
    return {name for name in dependencies if not name.endswith(".assets")}


def function(scope: Construct, image: str) -> Any:
    code = lambda_.CfnFunction.CodeProperty(image_uri=image)
    return lambda_.CfnFunction(scope, "Run", code=code, package_type="Image", role=ROLE)


def task(scope: Construct, image: str) -> Any:
    container = ecs.CfnTaskDefinition.ContainerDefinitionProperty(name="app", image=image)
    return ecs.CfnTaskDefinition(scope, "Run", container_definitions=[container])


def sam_function(scope: Construct, image: str) -> Any:
    return sam.CfnFunction(scope, "Run", package_type="Image", image_uri=image)


def fargate_job(scope: Construct, image: str, **options: Any) -> Any:
    return batch.CfnJobDefinition(
        scope,
        "Run",
        type="container",
        platform_capabilities=["FARGATE"],
        container_properties=batch.CfnJobDefinition.ContainerPropertiesProperty(image=image, **options),
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


def properties_of(stack: cdk.Stack, resource_type: str) -> Any:
    (resource,) = Template.from_stack(stack).find_resources(resource_type).values()
    return resource["Properties"]
