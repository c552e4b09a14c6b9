"""Resolves the environment variables of StartBuild: plain ones, secrets and parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ministack.services import secretsmanager, ssm


class MissingSecret(Exception):
    """Raised for a secret or parameter that does not exist; CodeBuild fails the build before its first command."""


def variables(listed: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the values by name; later ones win. Raises MissingSecret."""
    return {each["name"]: _value(each.get("type", "PLAINTEXT"), each.get("value", "")) for each in listed}


def _value(kind: str, value: str) -> str:
    if kind == "SECRETS_MANAGER":
        return _secret(value)
    if kind == "PARAMETER_STORE":
        status, _, body = ssm._get_parameter({"Name": value, "WithDecryption": True})
        if status >= 400:
            raise MissingSecret(f"ParameterNotFound: {value}")
        return str(json.loads(body)["Parameter"]["Value"])
    return value


def _secret(reference: str) -> str:
    """Return the value of `<id>[:<json key>]`."""
    name, _, key = reference.partition(":")
    status, _, body = secretsmanager._get_secret_value({"SecretId": name})
    if status >= 400:
        raise MissingSecret(f"Secrets Manager can't find the specified secret: {name}")
    text = str(json.loads(body)["SecretString"])
    if not key:
        return text
    members = json.loads(text)
    if key not in members:
        raise MissingSecret(f"secret {name} has no key {key}")
    return str(members[key])
