"""What cannot be built, whoever builds it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.dockerfile.build_arguments import declared_arguments
from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.errors import ScopedImagesError
from scoped_images.image.base_reference import BASE_IMAGE_ARGUMENT
from scoped_images.image.build_options import BuildOptions
from scoped_images.platform import Platform


def refuse_other_options(context: ScopedContext, platform: Platform, options: BuildOptions) -> None:
    """Raise for options that the context's files were not found for: the build would read other files."""
    if context.platform is None:
        return
    given = {
        "platform": (platform, context.platform),
        "target": (options.target or context.target, context.target),
    }
    for name, value in options.build_args.items():
        given[f"build_args[{name!r}]"] = (value, context.build_args.get(name))
    for option, (ours, of_context) in given.items():
        if ours != of_context:
            made_for = "none" if of_context is None else repr(str(of_context))
            raise ScopedImagesError(
                f"{option}: must be {made_for}, which the context was made for, got {str(ours)!r}; give it to "
                "ScopedContext.from_dockerfile, which finds the files by it"
            )


def refuse_named_bases(names: Iterable[str], context: ScopedContext) -> None:
    """Raise for names that the Dockerfile would not find, or that the context has itself."""
    for name in names:
        # Lower case, as BuildKit looks them up.
        if not re.fullmatch(r"[a-z0-9][a-z0-9._/-]*", name) or name in {**context.named, **context.external}:
            raise ScopedImagesError(
                f"named_bases: must have names that the context does not have itself, got {name!r}; use lower-case "
                f"letters, digits, '.', '_', '-' and '/', and none of {', '.join(context.named) or 'its names'}"
            )


def refuse_without_base(dockerfile: ParsedDockerfile) -> None:
    """Raise for a Dockerfile whose FROM does not see the argument with the base image."""
    if BASE_IMAGE_ARGUMENT not in declared_arguments(dockerfile, before_stages=True):
        raise ScopedImagesError(
            f"base: the build would start from something else, got {dockerfile.name} without ARG "
            f"{BASE_IMAGE_ARGUMENT} before its first FROM; start it with ARG {BASE_IMAGE_ARGUMENT}=<public image> "
            f"and FROM ${{{BASE_IMAGE_ARGUMENT}}}"
        )


def refuse_secrets_in_context(build_secrets: Mapping[str, str], context: ScopedContext) -> None:
    """Raise if the context, or a named one, holds the file of a secret: it ends up in the assembly and the image."""
    for name, value in build_secrets.items():
        kind, _, place = value.partition("=")
        if kind != "src":
            continue
        path = Path(os.path.realpath(Path(place).expanduser()))
        for root, files in (
            (context.root, context.files),
            *((each.root, each.files) for each in context.named.values()),
        ):
            if path.is_relative_to(root) and path.relative_to(root).as_posix() in {
                file.path for file in files
            }:
                raise ScopedImagesError(
                    f"build_secrets[{name!r}]: {path} is in the build context of {context.dockerfile.name} too, so the "
                    f"image would hold the secret; name it in the ignore file of {root}"
                )
