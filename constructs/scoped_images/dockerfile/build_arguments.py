"""Checks the build arguments of an image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.variables import platform_variables
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform

# https://docs.docker.com/reference/dockerfile/#predefined-args and #buildkit-built-in-build-args
_PREDEFINED = re.compile(r"(?i)(HTTP|HTTPS|FTP|NO|ALL)_PROXY|BUILDKIT_\w+|SOURCE_DATE_EPOCH")
# FROM sees these without an ARG.
_AUTOMATIC = platform_variables(Platform.LINUX_AMD64)


def expect_build_args(arguments: Mapping[Any, Any]) -> Mapping[str, str]:
    """Return build arguments; raise ScopedImagesError for what Docker or CDK would refuse with a worse message."""
    for name, value in arguments.items():
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ScopedImagesError(f"build_args: must have names of letters, digits and '_', got {name!r}")
        if value is None:
            raise ScopedImagesError(f"build_args[{name!r}]: must be text, got None; leave the argument out")
        if not isinstance(value, str):
            raise ScopedImagesError(
                f"build_args[{name!r}]: must be text, got {value!r} of type {type(value).__name__}; use {str(value)!r}"
            )
        if "${Token[" in value:
            raise ScopedImagesError(
                f"build_args[{name!r}]: must not be a token, got {value!r}; images are built before CloudFormation knows "
                "its value, so use a literal, or read the value at run time"
            )
    return arguments


def unknown_build_args(arguments: Iterable[str], dockerfile: ParsedDockerfile) -> tuple[str, ...]:
    """Return the names that no `ARG` of the Dockerfile declares, and that BuildKit does not predefine."""
    declared = declared_arguments(dockerfile)
    return tuple(
        name
        for name in arguments
        if name not in declared and name not in _AUTOMATIC and not _PREDEFINED.fullmatch(name)
    )


def declared_arguments(dockerfile: ParsedDockerfile, *, before_stages: bool = False) -> set[str]:
    """Return the names that an ARG declares, also in an ONBUILD.

    before_stages: only those before the first FROM, which FROM sees.
    """
    declared: set[str] = set()
    for instruction in dockerfile.instructions:
        if before_stages and instruction.name == "FROM":
            break
        declaring = instruction.trigger or instruction
        if declaring.name == "ARG":
            declared.update(word.partition("=")[0] for word in declaring.words)
    return declared
