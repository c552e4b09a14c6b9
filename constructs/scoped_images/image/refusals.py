"""What cannot be built, whoever builds it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.dockerfile.build_arguments import declared_arguments
from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.dockerfile.target_reading import needed_stages
from scoped_images.dockerfile.variables import Unknown
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


def refuse_unread_base(dockerfile: ParsedDockerfile, options: TargetOptions) -> None:
    """Raise if no FROM that the target's build reaches takes the argument with the base image."""
    unknown = replace(options, build_args={**options.build_args, BASE_IMAGE_ARGUMENT: None})
    if not _may_start_from_any_image(dockerfile, unknown):
        raise ScopedImagesError(
            f"base: the build would start from something else, got {dockerfile.name}, where no FROM"
            f"{_of_target(options)} takes {BASE_IMAGE_ARGUMENT}; write FROM ${{{BASE_IMAGE_ARGUMENT}}}, "
            "or leave out base="
        )


def refuse_unread_named_bases(
    names: Iterable[str], read: Collection[str], dockerfile: ParsedDockerfile, options: TargetOptions
) -> None:
    """Raise for a name that the target's build does not read. read: the build contexts that it reads."""
    unread = [name for name in names if name not in read]
    if unread and not _may_start_from_any_image(dockerfile, options):
        name = unread[0]
        raise ScopedImagesError(
            f"named_bases[{name!r}]: the build would not read it, got {dockerfile.name}, where no instruction"
            f"{_of_target(options)} names it; write COPY --from={name}, FROM {name} or RUN --mount=from={name}, "
            "or leave it out"
        )


def _may_start_from_any_image(dockerfile: ParsedDockerfile, options: TargetOptions) -> bool:
    """Return whether a FROM that the target's build reaches depends on a variable without a value."""
    stages = needed_stages(dockerfile, options)
    return any(stage.context is None and isinstance(stage.base, Unknown) for stage in stages)


def _of_target(options: TargetOptions) -> str:
    return "" if options.target is None else f" of target {options.target!r}"


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
