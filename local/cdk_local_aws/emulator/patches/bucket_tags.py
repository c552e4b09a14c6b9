"""Bucket tags from CloudFormation, without which CDK's auto_delete_objects refuses to empty its bucket.

CDK's handler deletes objects only in a bucket that carries the tag `aws-cdk:auto-delete-objects`.
"""

from __future__ import annotations

from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

Created = tuple[str, dict[str, Any]]


def apply() -> None:
    """Keep a template's bucket tags, and the stack's with them."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    stock_create, stock_update = handlers["create"], handlers["update"]

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Created:
        created: Created = stock_create(logical_id, props, stack_name)
        put_tags(created[0], {}, props)
        return created

    def update(
        physical_id: str, old_props: dict[str, Any], new_props: dict[str, Any], stack_name: str
    ) -> Created:
        updated: Created = stock_update(physical_id, old_props, new_props, stack_name)
        put_tags(updated[0], old_props if updated[0] == physical_id else {}, new_props)
        return updated

    handlers["create"], handlers["update"] = create, update
    provisioners._STACK_TAG_PROPERTY["AWS::S3::Bucket"] = ("Tags", "list")


def put_tags(bucket: str, old_props: dict[str, Any], new_props: dict[str, Any]) -> None:
    """Reconcile the bucket's tags with the template's; other tags stay."""
    tags = dict(s3._bucket_tags.get(bucket) or {})
    provisioners._reconcile_tag_map(tags, old_props, new_props)
    if tags:
        s3._bucket_tags[bucket] = tags
    else:
        s3._bucket_tags.pop(bucket, None)
