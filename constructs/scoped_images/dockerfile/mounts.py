"""Reads the `--mount` flags of a RUN.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/instructions/commands_runmount.go
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.variables import Unknown, Value

_TYPES = ("bind", "cache", "secret", "ssh", "tmpfs")
_SHARING = ("locked", "private", "shared")
_OWNER = ("gid", "mode", "uid")
_SWITCHES = ("readonly", "readwrite", "ro", "rw")
_OTHER_KEYS = ("dst", "destination", "env", "from", "id", "source", "src", "target")
_KEYS = (*_SWITCHES, *_OWNER, *_OTHER_KEYS, "required", "sharing", "size", "type")
_SHORT = {"dst": "target", "destination": "target", "src": "source"}
# Go's strconv.ParseBool.
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
# A field of a CSV line.
_FIELD = re.compile(r'"((?:[^"]|"")*)"|([^",]*)')


class MountError(ValueError):
    """A mount is malformed."""


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
    """Return the `from` of each mount that has one; raises MountError."""
    origins = []
    for flag in instruction.flag_values("mount"):
        found = ""
        for key, text in (part.split("=", 1) for part in _fields(flag) if "=" in part):
            if key.lower() == "from":
                if "$" in text[:-1]:
                    raise MountError(
                        "takes no variable in `from`; name a stage FROM it with an ARG before the first FROM"
                    )
                found = text
        if found:
            origins.append(found)
    return origins


def read_mounts(instruction: Instruction, expand: Callable[[str], Value]) -> list[Mount]:
    """Return the mounts of a RUN; raises MountError."""
    return [_read(flag, expand) for flag in instruction.flag_values("mount")]


def _fields(text: str) -> list[str]:
    if not text:
        raise MountError("is empty")
    fields: list[str] = []
    index = 0
    while match := _FIELD.match(text, index):
        fields.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        index = match.end()
        if index == len(text):
            break
        if text[index] != ",":
            raise MountError(f"has a misplaced double quote, got {text!r}")
        index += 1
    return fields


def _read(flag: str, expand: Callable[[str], Value]) -> Mount:
    mount = Mount(written=flag)
    for part in _fields(flag):
        key, equals, text = part.partition("=")
        key = key.lower()
        if equals:
            _set(mount, key, expand(text))
        elif key == "required":
            _set(mount, key, "true")
        elif key not in _SWITCHES:
            raise MountError(f"takes key=value pairs, got {part!r}")
    _refuse_contradictions(mount)
    return mount


def _set(mount: Mount, key: str, value: Value) -> None:
    """Take one value; those before it count, as in BuildKit."""
    if key not in _KEYS:
        raise MountError(f"has the unknown key {key!r}; there are {', '.join(sorted(_KEYS))}")
    if isinstance(value, str):
        _refuse_value(mount, key, value)
    if key == "type":
        mount.kind = value.lower() if isinstance(value, str) else value
    elif key == "required":
        mount.required = value in _TRUE
    elif key not in _SWITCHES:
        mount.values[_SHORT.get(key, key)] = value


def _refuse_value(mount: Mount, key: str, value: str) -> None:
    kinds = {"required": ("secret", "ssh"), "size": ("tmpfs",)}.get(key)
    if kinds and isinstance(mount.kind, str) and mount.kind not in kinds:
        raise MountError(f"takes {key!r} only after type={' or type='.join(kinds)}, got type {mount.kind!r}")
    if key == "type" and value.lower() not in _TYPES:
        raise MountError(f"has the unknown type {value!r}; there are {', '.join(_TYPES)}")
    if key in (*_SWITCHES, "required") and value not in (*_TRUE, *_FALSE):
        raise MountError(f"takes true or false as {key!r}, got {value!r}")
    if key == "sharing" and value.lower() not in _SHARING:
        raise MountError(f"has the unknown sharing {value!r}; there are {', '.join(_SHARING)}")
    if key in _OWNER and not _is_number(value, base=8 if key == "mode" else 10):
        raise MountError(f"takes a number as {key!r}, got {value!r}")


def _is_number(text: str, *, base: int) -> bool:
    digits = "0-7" if base == 8 else "0-9"
    return re.fullmatch(rf"[{digits}]{{1,64}}", text) is not None and int(text, base) < 2**32


def _refuse_contradictions(mount: Mount) -> None:
    kind, values = mount.kind, mount.values
    if isinstance(kind, Unknown):
        return
    if "sharing" in values and kind != "cache":
        raise MountError(f"takes 'sharing' only with type=cache, got type {kind!r}")
    for key in _OWNER:
        if key in values and kind in ("bind", "tmpfs"):
            raise MountError(f"takes no {key!r} with type={kind}")
    if kind == "ssh" and mount.source:
        raise MountError("takes no 'source' with type=ssh")
    if kind == "secret":
        if mount.origin:
            raise MountError("takes no 'from' with type=secret")
        if mount.source and values.get("id"):
            raise MountError("takes 'source' or 'id' with type=secret, got both")
        if not mount.id:
            raise MountError("takes 'id', 'source' or 'target' with type=secret")
