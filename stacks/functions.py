"""The image-based Lambda functions."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from scoped_images import StackOutputs, WorkspaceImages
from stacks.environment import AppEnvironment
from stacks.storage import StorageStack


class FunctionsStack(Stack):
    """`upload_images` stores a receipt; `create_labels` labels its lines."""

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
        self._environment = environment
        self._images = images
        table_name = storage.table.table_name

        upload = self._function(
            "upload_images",
            variables={"TABLE_NAME": table_name, "BUCKET_NAME": storage.bucket.bucket_name},
        )
        _allow(upload, ["dynamodb:PutItem", "dynamodb:Query"], storage.table.table_arn)
        _allow(upload, ["s3:PutObject"], f"{storage.bucket_arn}/receipts/*")
        exported = self.resolve(storage.bucket_arn)["Fn::ImportValue"]
        assert upload.role is not None
        Validations.of(upload.role).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions::AwsSolutions-IAM5[Resource::{exported}/receipts/*]",
                reason="an image's key is made of its receipt's id, which the upload brings",
            )
        )

        label = self._function(
            "create_labels",
            variables={"TABLE_NAME": table_name},
        )
        _allow(label, ["dynamodb:Query", "dynamodb:BatchWriteItem"], storage.table.table_arn)

    def _function(self, name: str, *, variables: dict[str, str]) -> lambda_.DockerImageFunction:
        image = self._images.image(
            self, f"{name}-image", f"lambdas/{name}", dockerfile="dockerfiles/function.Dockerfile"
        )
        log_group = logs.LogGroup(
            self,
            f"{name}-logs",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        # A role of its own: AWS's managed one may write to every log group of the account.
        role = iam.Role(self, f"{name}-role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        function = lambda_.DockerImageFunction(
            self,
            name,
            function_name=f"{name}-{self._environment.name}",
            code=image.to_lambda_code(),
            memory_size=512,
            timeout=Duration.seconds(30),
            environment=variables,
            role=role,
            log_group=log_group,
        )
        title = name.title().replace("_", "")
        StackOutputs(self, f"{name}-outputs", {f"{title}Function": function.function_name})
        return function


def _allow(function: lambda_.Function, actions: list[str], resource: str) -> None:
    function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
