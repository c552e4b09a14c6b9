"""What the build arguments of an image may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scoped_images.errors import ScopedImagesError

# https://docs.docker.com/reference/dockerfile/#predefined-args and #buildkit-built-in-build-args
_PREDEFINED = re.compile(r"(?i)(HTTP|HTTPS|FTP|NO|ALL)_PROXY|BUILDKIT_\w+|SOURCE_DATE_EPOCH")


def check_build_args(arguments: Mapping[str, object]) -> None:
    """Refuse names and values that Docker, or CDK before it, would refuse less clearly."""
    for name, value in arguments.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ScopedImagesError(f"build_args has the name {name!r}: use letters, digits and '_'")
        if not isinstance(value, str):
            raise ScopedImagesError(
                f"build_args[{name!r}] is {value!r} of type {type(value).__name__}, and takes text: {str(value)!r}"
            )
        if "${Token[" in value:
            raise ScopedImagesError(
                f"build_args[{name!r}] is a token, known only while CloudFormation deploys; the image is built before: "
                "use a literal, or read the value at run time"
            )


def unknown_build_args(arguments: Mapping[str, object], dockerfile: bytes) -> tuple[str, ...]:
    """Names that no `ARG` of the Dockerfile declares, and that BuildKit does not know by itself."""
    # An instruction may go on in the next line, and one ARG may declare several.
    text = re.sub(rb"\\\r?\n", b" ", dockerfile)
    lines = re.findall(rb"(?im)^[ \t]*(?:ONBUILD[ \t]+)?ARG[ \t]+(.*)$", text)
    declared = {name.decode() for line in lines for name in re.findall(rb"[A-Za-z_][A-Za-z0-9_]*", line)}
    return tuple(name for name in arguments if name not in declared and not _PREDEFINED.fullmatch(name))
