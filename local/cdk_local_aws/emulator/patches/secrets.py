"""Makes `Ref` of a secret its ARN, and generates passwords by the rules of the template.

Stock ministack answers the name for `Ref`, and generates from all characters, excluded ones too.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.patches.template import Created, Properties

BOOLEANS = ("ExcludeLowercase", "ExcludeNumbers", "ExcludePunctuation", "ExcludeUppercase", "IncludeSpace")


def apply() -> None:
    """Make the ARN a secret's physical id, while ministack's own handlers still get the name."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    stock_create, stock_update, stock_delete = handlers["create"], handlers["update"], handlers["delete"]

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:
        _, attributes = stock_create(logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update(physical_id: str, *change: Any) -> Created:
        _, attributes = stock_update(secret_name(physical_id), *change)
        return attributes["Arn"], attributes

    def delete(physical_id: str, props: Properties) -> None:
        stock_delete(secret_name(physical_id), props)

    handlers.update(create=create, update=update, delete=delete)
    provisioners._sm_secret_string = secret_string


def secret_string(props: Properties) -> str:
    """Return the value that a template declares, or generate one by its rules."""
    rules = props.get("GenerateSecretString")
    if props.get("SecretString") or not rules:
        return str(props.get("SecretString", ""))
    status, _, body = secretsmanager._get_random_password(api_rules(rules))
    answered = json.loads(body)
    if status >= 400:
        raise ValueError(answered["message"])
    password = str(answered["RandomPassword"])
    if "SecretStringTemplate" not in rules:
        return password
    return json.dumps({**json.loads(rules["SecretStringTemplate"]), rules["GenerateStringKey"]: password})


def api_rules(rules: Properties) -> Properties:
    """Convert a template's rules, which may be text, to the types of GetRandomPassword."""
    made = {name: str(value).lower() == "true" for name, value in rules.items() if name.startswith(BOOLEANS)}
    return {
        **made,
        "PasswordLength": int(rules.get("PasswordLength", 32)),
        "ExcludeCharacters": rules.get("ExcludeCharacters", ""),
        "RequireEachIncludedType": str(rules.get("RequireEachIncludedType", True)).lower() == "true",
    }


def secret_name(physical_id: str) -> str:
    """Return the name of a secret by its ARN, or the id itself if the secret does not exist."""
    name, _ = secretsmanager._resolve(physical_id)
    return str(name or physical_id)
