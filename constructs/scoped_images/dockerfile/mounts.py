"""Reads the `--mount` flags of a RUN.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/instructions/commands_runmount.go

Values that decide neither what is read nor what is required, such as those of `sharing` and `uid`, are not checked.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from scoped_images.dockerfile.arguments import ArgumentError
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.variables import Value

_TYPES = ("bind", "cache", "secret", "ssh", "tmpfs")
_SWITCHES = ("readonly", "readwrite", "ro", "rw")
_KEYS = (
    *("destination", "dst", "env", "from", "gid", "id", "mode", "readonly", "readwrite", "required"),
    *("ro", "rw", "sharing", "size", "source", "src", "target", "type", "uid"),
)
_SHORT = {"dst": "target", "destination": "target", "src": "source"}
# Go's strconv.ParseBool.
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
# A field of a CSV line.
_FIELD = re.compile(r'"((?:[^"]|"")*)"|([^",]*)')


@dataclass(kw_only=True)
class Mount:
    """One mount, its variables expanded.

    written: the mount as in the Dockerfile. kind: `bind`, `cache`, `secret`, `ssh` or `tmpfs`.
    required: whether the build fails without that secret or agent.
    values: of its other keys, in their long form.
    """

    written: str
    kind: Value = "bind"
    required: bool = False
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The stage, build context or image that it is `from`; empty for the main build context."""
        return str(self.values.get("from", ""))

    @property
    def source(self) -> Value:
        """The path in its origin."""
        return self.values.get("source", "")

    @property
    def id(self) -> Value:
        """The id of the secret or the ssh agent."""
        if self.kind == "ssh":
            return self.values.get("id") or "default"
        named = self.source or self.values.get("id", "")
        if named:
            return named
        target = self.values.get("target", "")
        return posixpath.basename(target) if isinstance(target, str) else target


def mount_origins(instruction: Instruction) -> list[str]:
    """Return the `from` of each mount that has one; raises ArgumentError."""
    origins = []
    for flag in instruction.flag_values("mount"):
        found = ""
        for key, text in (part.split("=", 1) for part in _fields(flag) if "=" in part):
            if key.lower() == "from":
                if "$" in text[:-1]:
                    raise _error(
                        "takes no variable in `from`; name a stage FROM it with an ARG before the first FROM"
                    )
                found = text
        if found:
            origins.append(found)
    return origins


def read_mounts(instruction: Instruction, expand: Callable[[str], Value]) -> list[Mount]:
    """Return the mounts of a RUN; raises ArgumentError."""
    return [_read(flag, expand) for flag in instruction.flag_values("mount")]


def _fields(text: str) -> list[str]:
    if not text:
        raise _error("is empty")
    fields: list[str] = []
    index = 0
    while match := _FIELD.match(text, index):
        fields.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        index = match.end()
        if index == len(text):
            break
        if text[index] != ",":
            raise _error(f"has a misplaced double quote, got {text!r}")
        index += 1
    return fields


def _read(flag: str, expand: Callable[[str], Value]) -> Mount:
    mount = Mount(written=flag)
    for part in _fields(flag):
        key, equals, text = part.partition("=")
        key = key.lower()
        if not equals and key not in (*_SWITCHES, "required"):
            raise _error(f"takes key=value pairs, got {part!r}")
        if key not in _KEYS:
            raise _error(f"has the unknown key {key!r}; there are {', '.join(_KEYS)}")
        value = expand(text) if equals else "true"
        if key == "type":
            mount.kind = value.lower() if isinstance(value, str) else value
            if isinstance(value, str) and mount.kind not in _TYPES:
                raise _error(f"has the unknown type {value!r}; there are {', '.join(_TYPES)}")
        elif key == "required":
            mount.required = value in _TRUE
        elif key not in _SWITCHES:
            mount.values[_SHORT.get(key, key)] = value
    if mount.kind == "secret" and mount.origin:
        raise _error("takes no 'from' with type=secret")
    return mount


def _error(problem: str) -> ArgumentError:
    return ArgumentError(f"RUN --mount {problem}")
