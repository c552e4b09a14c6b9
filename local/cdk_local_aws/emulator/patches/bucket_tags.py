"""Keeps bucket tags from CloudFormation, which stock ministack drops.

CDK's auto_delete_objects empties only a bucket with the tag `aws-cdk:auto-delete-objects`.
"""

from __future__ import annotations

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.patches.template import Created, Properties


def apply() -> None:
    """Keep the bucket tags of the template and of the stack."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    stock_create, stock_update = handlers["create"], handlers["update"]

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:
        created: Created = stock_create(logical_id, props, stack_name)
        put_tags(created[0], {}, props)
        return created

    def update(bucket: str, old: Properties, new: Properties, stack_name: str) -> Created:
        updated: Created = stock_update(bucket, old, new, stack_name)
        put_tags(updated[0], old if updated[0] == bucket else {}, new)
        return updated

    handlers["create"], handlers["update"] = create, update
    provisioners._STACK_TAG_PROPERTY["AWS::S3::Bucket"] = ("Tags", "list")


def put_tags(bucket: str, old: Properties, new: Properties) -> None:
    """Change the bucket's tags as the template changed, and keep all others."""
    tags = dict(s3._bucket_tags.get(bucket) or {})
    provisioners._reconcile_tag_map(tags, old, new)
    if tags:
        s3._bucket_tags[bucket] = tags
    else:
        s3._bucket_tags.pop(bucket, None)
