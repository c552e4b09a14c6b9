"""What the build arguments of an image may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scoped_images.errors import ScopedImagesError


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
