"""The image-based Lambda functions."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import Environment as StackEnvironment
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from scoped_images import BaseImage, Environment, ImageRepository, ScopedContext, ScopedImage
from stacks.repositories import RepositoriesStack
from stacks.storage import StorageStack


class FunctionsStack(Stack):
    """`upload_images` stores a receipt; `create_labels` labels its lines."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        env: StackEnvironment,
        root: Path,
        repositories: RepositoriesStack,
        storage: StorageStack,
        receipt_dynamo: BaseImage,
        receipt_label: BaseImage,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        self._environment = environment
        self._root = root
        table_name = storage.table.table_name

        upload = self._function(
            "upload_images",
            repository=repositories.upload_images,
            base=receipt_dynamo,
            variables={"TABLE_NAME": table_name, "BUCKET_NAME": storage.bucket.bucket_name},
        )
        storage.table.grant(upload, "dynamodb:PutItem", "dynamodb:Query")
        upload.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"], resources=[storage.bucket.arn_for_objects("receipts/*")]
            )
        )

        label = self._function(
            "create_labels",
            repository=repositories.create_labels,
            base=receipt_label,
            variables={"TABLE_NAME": table_name},
        )
        storage.table.grant(label, "dynamodb:Query", "dynamodb:BatchWriteItem")

    def _function(
        self, name: str, *, repository: ImageRepository, base: BaseImage, variables: dict[str, str]
    ) -> lambda_.DockerImageFunction:
        image = ScopedImage(
            self,
            f"{name}-image",
            context=ScopedContext.of(
                self._root / "lambdas" / name, dockerfile=self._root / "dockerfiles" / f"{name}.Dockerfile"
            ),
            platform=self._environment.platform,
            repository=repository,
            base=base,
            pin_digest=True,
        )
        function = lambda_.DockerImageFunction(
            self,
            name,
            function_name=f"{name}-{self._environment.name}",
            code=image.to_lambda_code(),
            memory_size=512,
            timeout=Duration.seconds(30),
            environment=variables,
            log_group=logs.LogGroup(
                self,
                f"{name}-logs",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=RemovalPolicy.DESTROY,
            ),
        )
        CfnOutput(self, f"{name.title().replace('_', '')}Function", value=function.function_name)
        return function
