"""The receipt_api service on Fargate, behind a load balancer."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Duration, Fn, RemovalPolicy, Stack, Validations
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from scoped_images import ScopedImage, StackOutputs, WorkspaceImages
from stacks.environment import AppEnvironment
from stacks.storage import StorageStack

PORT = 8080
VPC_RANGE = "10.0.0.0/16"


class ApiStack(Stack):
    """Lists receipts with their labels over HTTP(S), to whoever sends the API key."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: AppEnvironment,
        images: WorkspaceImages,
        storage: StorageStack,
    ) -> None:
        super().__init__(scope, construct_id, env=environment.place)
        image = images.image(
            self, "Image", "services/receipt_api", dockerfile="dockerfiles/receipt_api.Dockerfile"
        )
        api_key = secretsmanager.Secret(
            self,
            "ApiKey",
            description="What callers of receipt_api send as X-Api-Key",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=40
            ),
        )
        Validations.of(api_key).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-SMG4",
                reason="its callers hold the key too, so it is rotated with them by hand; the service rereads it",
            )
        )
        task = self._task(
            image, {"TABLE_NAME": storage.table.table_name, "API_KEY_SECRET_ARN": api_key.secret_arn}
        )
        task.add_to_task_role_policy(
            iam.PolicyStatement(
                actions=["dynamodb:Query"],
                resources=[storage.table.table_arn, f"{storage.table.table_arn}/index/GSI1"],
            )
        )
        api_key.grant_read(task.task_role)

        service = self._service(task, environment, storage)
        # The certificate is the domain name's; whoever owns the zone points it at the load balancer.
        url = (
            f"https://{environment.domain_name}"
            if environment.domain_name
            else f"http://{service.load_balancer.load_balancer_dns_name}"
        )
        StackOutputs(
            self,
            "Outputs",
            {
                "ApiUrl": url,
                "ApiKeySecret": api_key.secret_arn,
                "ClusterName": service.cluster.cluster_name,
                "ServiceName": service.service.service_name,
            },
        )

    @property
    def availability_zones(self) -> list[str]:
        """Whatever CloudFormation finds: CDK would look them up itself, and so need credentials at synth."""
        return [Fn.select(index, Fn.get_azs()) for index in range(2)]

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
        Validations.of(task).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-ECS2",
                reason="the variables name a table and a secret; the secret itself is read at run time",
            )
        )
        Validations.of(task).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-IAM5[Resource::*]",
                reason="ecr:GetAuthorizationToken takes no resource; CDK writes it for the execution role",
            )
        )
        return task

    def _service(
        self, task: ecs.FargateTaskDefinition, environment: AppEnvironment, storage: StorageStack
    ) -> patterns.ApplicationLoadBalancedFargateService:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            ip_addresses=ec2.IpAddresses.cidr(VPC_RANGE),
            nat_gateways=1,
            # The custom resource that would do it runs on Node and needs rights on every security group.
            restrict_default_security_group=False,
            flow_logs={"ToLogs": ec2.FlowLogOptions()},
        )
        certificate = (
            acm.Certificate.from_certificate_arn(self, "Certificate", environment.certificate_arn)
            if environment.certificate_arn
            else None
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
            open_listener=bool(certificate),
            certificate=certificate,
            redirect_http=bool(certificate),
            ssl_policy=elbv2.SslPolicy.RECOMMENDED_TLS if certificate else None,
            security_groups=[self._service_security_group(vpc)],
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            health_check_grace_period=Duration.seconds(30),
        )
        balancer = service.load_balancer
        # The pattern makes the load balancer, and takes neither attribute.
        balancer.set_attribute("routing.http.drop_invalid_header_fields.enabled", "true")
        if not environment.destroys:
            balancer.set_attribute("deletion_protection.enabled", "true")
        balancer.log_access_logs(storage.access_logs, "receipt-api")
        if certificate:
            Validations.of(balancer).acknowledge(
                Acknowledgment(
                    id="AwsSolutions::AwsSolutions-EC23",
                    reason="public on purpose: HTTPS, and the service asks for a key",
                )
            )
        else:
            balancer.connections.allow_from(ec2.Peer.ipv4(VPC_RANGE), ec2.Port.tcp(80), "from the VPC")
        service.target_group.configure_health_check(path="/health", interval=Duration.seconds(10))
        # Long enough for a request of this service; the default holds a deploy for five minutes.
        service.target_group.set_attribute("deregistration_delay.timeout_seconds", "15")
        return service

    def _service_security_group(self, vpc: ec2.Vpc) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "ServiceSecurityGroup",
            vpc=vpc,
            description="receipt_api: requests from the load balancer, HTTPS to AWS",
            allow_all_outbound=False,
        )
        # ECR, CloudWatch Logs, DynamoDB and Secrets Manager; their addresses change, so no range is narrower.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS to AWS")
        return group
