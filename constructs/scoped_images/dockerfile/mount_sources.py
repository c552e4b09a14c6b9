"""What a RUN reads through `--mount=type=bind`."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from scoped_images.dockerfile.copy_sources import Expand, context_path
from scoped_images.dockerfile.parse import Instruction, ParsedDockerfile
from scoped_images.dockerfile.sources import Source

# https://github.com/moby/buildkit/blob/v0.25.1/frontend/dockerfile/instructions/commands_runmount.go
_TYPES = ("bind", "cache", "secret", "ssh", "tmpfs")


@dataclass(frozen=True)
class Mount:
    """One `--mount` of a RUN, its values unexpanded but for `origin`, which takes no variables."""

    kind: str
    origin: str
    source: str


def read_mounts(parsed: ParsedDockerfile, instruction: Instruction) -> list[Mount]:
    """Return the mounts of a RUN."""
    return [_read_mount(parsed, instruction.line, value) for value in instruction.flag_values("mount")]


def mount_sources(
    parsed: ParsedDockerfile, instruction: Instruction, mount: Mount, expand: Expand
) -> list[Source]:
    """Return what a mount without `from` reads of the build context: one source, or none."""
    kind = expand(mount.kind)
    if kind is not None and kind.lower() not in _TYPES:
        raise parsed.error(
            instruction.line, f"RUN --mount has the unknown type {kind!r}; there are {', '.join(_TYPES)}"
        )
    written = expand(mount.source) if kind is not None and kind.lower() == "bind" else None
    return (
        []
        if written is None
        else [
            Source(
                path=context_path(written),
                line=instruction.line,
                instruction="RUN --mount",
                written=written or ".",
                wildcards=False,
            )
        ]
    )


def _read_mount(parsed: ParsedDockerfile, line: int, value: str) -> Mount:
    try:
        fields = next(csv.reader([value], strict=True))
    except csv.Error as error:
        raise parsed.error(line, f"RUN --mount={value}: {error}") from None
    values = {"type": "bind", "from": "", "source": ""}
    for field in fields:
        key, _, text = field.partition("=")
        key = key.lower()
        values["source" if key == "src" else key] = text
    if "$" in values["from"][:-1]:
        raise parsed.error(
            line,
            "RUN --mount takes no variable in `from`; name a stage FROM it with an ARG before the first FROM",
        )
    return Mount(values["type"], values["from"], values["source"])
