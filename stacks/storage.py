"""Where receipts live: a bucket for the images, a table for the rest."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.environment import AppEnvironment

# A receipt image that was overwritten or deleted by mistake can be restored for this long.
NONCURRENT_VERSIONS_KEPT = Duration.days(90)
ACCESS_LOGS_KEPT = Duration.days(365)


class StorageStack(Stack):
    """The stateful resources, apart from all that is replaced often."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: AppEnvironment) -> None:
        super().__init__(scope, construct_id, env=environment.place)
        policy = RemovalPolicy.DESTROY if environment.destroys else RemovalPolicy.RETAIN
        self.table = dynamodb.Table(
            self,
            "Receipts",
            partition_key=dynamodb.Attribute(name="PK", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="SK", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=not environment.destroys,
            removal_policy=policy,
        )
        self.table.add_global_secondary_index(
            index_name="GSI1",
            partition_key=dynamodb.Attribute(name="GSI1PK", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="GSI1SK", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        self.access_logs = s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=ACCESS_LOGS_KEPT)],
            removal_policy=policy,
            auto_delete_objects=environment.destroys,
        )
        self.bucket = s3.Bucket(
            self,
            "Images",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="images/",
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=NONCURRENT_VERSIONS_KEPT,
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                )
            ],
            removal_policy=policy,
            auto_delete_objects=environment.destroys,
        )
        # Exported on purpose, and so by a name that a statement elsewhere can be told apart by.
        self.bucket_arn = self.export_value(self.bucket.bucket_arn)
