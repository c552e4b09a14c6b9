"""A stock CDK app: a network, and a load balanced Fargate service whose image knows nothing of where it runs."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns

app = cdk.App()
stack = cdk.Stack(app, "StockService")
vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
patterns.ApplicationLoadBalancedFargateService(
    stack,
    "Service",
    cluster=ecs.Cluster(stack, "Cluster", vpc=vpc),
    desired_count=2,
    task_image_options=patterns.ApplicationLoadBalancedTaskImageOptions(
        image=ecs.ContainerImage.from_asset("image"), container_port=8000
    ),
)
app.synth()
