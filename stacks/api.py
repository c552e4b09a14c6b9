"""The receipt_api service on Fargate, behind a load balancer."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import Environment as StackEnvironment
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from scoped_images import BaseImage, Environment, ImageRepository, ScopedContext, ScopedImage

PORT = 8080


class ApiStack(Stack):
    """Lists receipts with their labels over HTTP(S), to whoever sends the API key."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        env: StackEnvironment,
        root: Path,
        repository: ImageRepository,
        table: dynamodb.Table,
        receipt_dynamo: BaseImage,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        image = ScopedImage(
            self,
            "Image",
            context=ScopedContext.of(
                root / "services" / "receipt_api", dockerfile=root / "dockerfiles" / "receipt_api.Dockerfile"
            ),
            platform=environment.platform,
            repository=repository,
            base=receipt_dynamo,
            pin_digest=True,
        )
        api_key = secretsmanager.Secret(
            self,
            "ApiKey",
            description="What callers of receipt_api send as X-Api-Key",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=40
            ),
        )
        task = self._task(image, {"TABLE_NAME": table.table_name, "API_KEY_SECRET_ARN": api_key.secret_arn})
        table.grant(task.task_role, "dynamodb:Query")
        api_key.grant_read(task.task_role)

        service = self._service(task, environment)
        scheme = "https" if environment.certificate_arn else "http"
        CfnOutput(self, "ApiUrl", value=f"{scheme}://{service.load_balancer.load_balancer_dns_name}")
        CfnOutput(self, "ApiKeySecret", value=api_key.secret_arn)

    def _task(self, image: ScopedImage, variables: dict[str, str]) -> ecs.FargateTaskDefinition:
        task = ecs.FargateTaskDefinition(self, "Task", cpu=256, memory_limit_mib=512)
        task.add_container(
            "receipt_api",
            image=image.to_container_image(),
            environment=variables,
            port_mappings=[ecs.PortMapping(container_port=PORT)],
            readonly_root_filesystem=True,
            health_check=ecs.HealthCheck(
                command=[
                    "CMD",
                    "python",
                    "-c",
                    "import os, urllib.request as r;"
                    f"r.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '{PORT}') + '/health', timeout=3)",
                ],
                interval=Duration.seconds(10),
                retries=3,
                start_period=Duration.seconds(10),
            ),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="receipt_api",
                log_group=logs.LogGroup(
                    self,
                    "Logs",
                    retention=logs.RetentionDays.ONE_MONTH,
                    removal_policy=RemovalPolicy.DESTROY,
                ),
            ),
        )
        return task

    def _service(
        self, task: ecs.FargateTaskDefinition, environment: Environment
    ) -> patterns.ApplicationLoadBalancedFargateService:
        # By name: looking the zones up would take credentials at synth.
        zones = [f"{environment.region}{letter}" for letter in "ab"]
        vpc = ec2.Vpc(
            self,
            "Vpc",
            availability_zones=zones,
            nat_gateways=1,
            # The custom resource that would do it runs on Node and needs rights on every security group.
            restrict_default_security_group=False,
            flow_logs={"ToLogs": ec2.FlowLogOptions()},
        )
        certificate = environment.certificate_arn and acm.Certificate.from_certificate_arn(
            self, "Certificate", environment.certificate_arn
        )
        service = patterns.ApplicationLoadBalancedFargateService(
            self,
            "Service",
            cluster=ecs.Cluster(
                self, "Cluster", vpc=vpc, container_insights_v2=ecs.ContainerInsights.ENABLED
            ),
            task_definition=task,
            desired_count=1,
            # Without a certificate requests would cross the internet in the clear.
            public_load_balancer=bool(certificate),
            certificate=certificate or None,
            redirect_http=bool(certificate),
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            health_check_grace_period=Duration.seconds(30),
        )
        service.target_group.configure_health_check(path="/health", interval=Duration.seconds(10))
        # Long enough for a request of this service; the default holds a deploy for five minutes.
        service.target_group.set_attribute("deregistration_delay.timeout_seconds", "15")
        return service
