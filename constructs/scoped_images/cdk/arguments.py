"""Checks the forms of arguments that several constructs take. checked.py checks their types."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aws_cdk import Token

from scoped_images.errors import ScopedImagesError


def refuse_network_without_vpc(
    vpc: object, *, subnets: object, security_groups: object, name: str = "vpc"
) -> None:
    """Raise for settings of a VPC without the VPC: the function or build would run outside of any."""
    if vpc is None and (subnets or security_groups):
        raise ScopedImagesError(
            f"{name}: must be given with subnets and security_groups, got None; pass the VPC that has them"
        )


def is_token(value: object) -> bool:
    """Return whether a value is a token. jsii cannot ask about a path, bytes or a date."""
    texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
    known = texts or isinstance(value, str | int | float) or hasattr(type(value), "__jsii_type__")
    return known and Token.is_unresolved(value)


def expect_environment_name(what: str, name: object) -> str:
    """Return the name of an environment, which must be usable in physical names."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", name):
        raise ScopedImagesError(
            f"{what}: must be usable in physical names, got {name!r}; use 1-20 lower-case letters, digits and dashes, a "
            "letter first"
        )
    return name


def expect_prefix(value: str) -> str:
    """Return what the names of stacks begin with."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", value):
        raise ScopedImagesError(
            f"prefix: must be letters, digits and dashes, a letter first, got {value!r}; stack names allow no others"
        )
    return value


def expect_accounts(name: str, value: Iterable[str]) -> Iterable[str]:
    """Return a list of account ids."""
    for account in value:
        if not re.fullmatch(r"\d{12}", account):
            raise ScopedImagesError(
                f"{name}: must be ids of 12 digits, got {account!r}; use ['111111111111']"
            )
    return value
