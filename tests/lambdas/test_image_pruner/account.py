"""A small account in moto, and runs of the pruner in it.

moto gives manifests of one shape one digest, so each image here has content of its own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto.ecr.models import ecr_backends

from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.report import Report
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.run import prune
from scoped_images.pruning.settings import PrunerSettings

ACCOUNT = "123456789012"
REGION = "eu-west-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "injected"}}, "operation")


class Cloud:
    """A small account: repository `app`, filled on request, and what runs from it."""

    def __init__(self) -> None:
        self.ecr = boto3.client("ecr")
        self.digests: dict[str, str] = {}
        # moto gives a published version the image of $LATEST, and digests that are in no repository.
        self.version_codes: dict[str, dict[str, str]] = {}
        # What DescribeImages answers in place of moto, which takes a minute for a thousand images.
        self.listed: dict[str, Any] = {}

    def repository(self, name: str) -> None:
        self.ecr.create_repository(repositoryName=name)

    def push(
        self, tag: str | None, *, days: float, repository: str = "app", manifest: dict[str, Any] | None = None
    ) -> str:
        """Push an image of that age and return its digest."""
        layer = {
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size": 5,
            "digest": f"sha256:{tag}",
        }
        body = manifest or {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": f"sha256:{tag}",
                "size": 2,
            },
            "layers": [layer],
        }
        put = self.ecr.put_image(
            repositoryName=repository,
            imageManifest=json.dumps(body),
            imageManifestMediaType=body["mediaType"],
            **({"imageTag": tag} if tag else {}),
        )
        digest: str = put["image"]["imageId"]["imageDigest"]
        for image in ecr_backends[ACCOUNT][REGION].repositories[repository].images:
            if image.get_image_digest() == digest:  # the age cannot be given through the API
                image.image_pushed_at = int((datetime.now(UTC) - timedelta(days=days)).timestamp())
        if tag:
            self.digests[tag] = digest
        return digest

    def push_many(self, count: int, *, repository: str = "app") -> None:
        """`sha-000`, the oldest, to `sha-<count - 1>`."""
        for number in range(count):
            self.push(f"sha-{number:03}", days=200 - number / 10, repository=repository)

    def tags(self, repository: str = "app") -> set[str]:
        pages = self.ecr.get_paginator("describe_images").paginate(repositoryName=repository)
        return {tag for page in pages for image in page["imageDetails"] for tag in image.get("imageTags", ())}

    def function(self, name: str, tag: str) -> None:
        boto3.client("lambda").create_function(
            FunctionName=name, PackageType="Image", Code={"ImageUri": f"{HOST}/app:{tag}"}, Role=ROLE
        )

    def task_definition(self, family: str, image: str) -> str:
        registered = boto3.client("ecs").register_task_definition(
            family=family, containerDefinitions=[{"name": "main", "image": image, "memory": 64}]
        )
        arn: str = registered["taskDefinition"]["taskDefinitionArn"]
        return arn

    def list_many(self, count: int) -> None:
        """Answer DescribeImages with `count` images, of which moto knows the newest only."""
        newest = self.push(f"sha-{count - 1:03}", days=1)
        now = datetime.now(UTC)
        self.listed = {
            "imageDetails": [
                {
                    "repositoryName": "app",
                    "imageDigest": newest if number == count - 1 else f"sha256:{number:064x}",
                    "imageTags": [f"sha-{number:03}"],
                    "imagePushedAt": now - timedelta(days=200 - number / 10),
                    "imageSizeInBytes": 1,
                    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                }
                for number in range(count)
            ]
        }

    def fill(self) -> None:
        """Leave something for each call of a run to find."""
        self.push_many(6)
        self.push(None, days=9)
        self.function("f", "sha-003")
        ecs = boto3.client("ecs")
        ecs.create_cluster(clusterName="c")
        definition = self.task_definition("api", f"{HOST}/app:sha-004")
        ecs.create_service(cluster="c", serviceName="api", taskDefinition="api", desiredCount=1)
        events = boto3.client("events")
        events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"
        target = {"Id": "1", "Arn": arn, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}}
        events.put_targets(Rule="nightly", Targets=[target])
        boto3.client("scheduler").create_schedule(
            Name="hourly",
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}},
        )
        topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
        boto3.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(topic))


def settings(**changes: Any) -> PrunerSettings:
    # Tags that tests can tell apart, such as sha-003, count as content only because the settings say so.
    retention = Retention(
        max_images=1, min_age_days=1, untagged_days=1, rollback_window=1, content_tags=("sha-*",)
    )
    given = {"environment": "test", "repositories": ("app",), "regions": (REGION,), "retention": retention}
    return PrunerSettings(**{**given, "delete": True, **changes})


def calls(**options: Any) -> AwsCalls:
    return AwsCalls(REGION, session=boto3.DEFAULT_SESSION, attempts=1, **options)


def run(**changes: Any) -> Report:
    return prune(calls(), settings(**changes))
