"""The app in stock CDK: both images are built from the whole folder."""

import os

from aws_cdk import App, Environment, Stack, Stage
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_lambda as lambda_
from constructs import Construct


class Shop(Stage):
    """One environment of the shop."""

    def __init__(self, scope: Construct, construct_id: str, *, env: Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        vpc = ec2.Vpc(Stack(self, "Network"), "Vpc", max_azs=2, nat_gateways=0)
        stack = Stack(self, "App")
        lambda_.DockerImageFunction(
            stack,
            "Upload",
            function_name=f"{construct_id}-upload",
            code=lambda_.DockerImageCode.from_image_asset(".", file="upload/Dockerfile", exclude=["cdk.out"]),
        )
        patterns.ApplicationLoadBalancedFargateService(
            stack,
            "Api",
            vpc=vpc,
            desired_count=1,
            assign_public_ip=True,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            task_image_options=patterns.ApplicationLoadBalancedTaskImageOptions(
                image=ecs.ContainerImage.from_asset(".", file="api/Dockerfile", exclude=["cdk.out"]),
                container_port=8000,
            ),
        )


app = App()
here = Environment(account=os.environ["CDK_DEFAULT_ACCOUNT"], region=os.environ["CDK_DEFAULT_REGION"])
Shop(app, "dev", env=here)
app.synth()
