"""`Ref` of a Secrets Manager secret: its ARN, as on AWS, where stock ministack answers the name.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
"""

from __future__ import annotations

from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

Created = tuple[str, dict[str, Any]]


def apply() -> None:
    """Make the ARN a secret's physical id; ministack's own handlers go on working with the name."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    stock_create, stock_update, stock_delete = handlers["create"], handlers["update"], handlers["delete"]

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Created:
        _, attributes = stock_create(logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update(
        physical_id: str,
        old_props: dict[str, Any],
        new_props: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> Created:
        _, attributes = stock_update(secret_name(physical_id), old_props, new_props, stack_name, logical_id)
        return attributes["Arn"], attributes

    def delete(physical_id: str, props: dict[str, Any]) -> None:
        stock_delete(secret_name(physical_id), props)

    handlers.update(create=create, update=update, delete=delete)


def secret_name(physical_id: str) -> str:
    """The name behind a secret's ARN; the id itself when there is no such secret."""
    name, _ = secretsmanager._resolve(physical_id)
    return str(name or physical_id)
