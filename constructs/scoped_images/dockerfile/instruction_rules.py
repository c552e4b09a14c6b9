"""What BuildKit requires of each instruction before it builds anything: known flags, enough words.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/instructions/parse.go
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scoped_images.dockerfile.arguments import ArgumentError
from scoped_images.dockerfile.heredoc import read_heredoc
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.mounts import mount_origins
from scoped_images.patterns.go_text import SPACES

_FLAGS: Mapping[str, tuple[str, ...]] = {
    "ADD": ("checksum", "chmod", "chown", "exclude", "keep-git-dir", "link", "unpack"),
    "COPY": ("chmod", "chown", "exclude", "from", "link", "parents"),
    "FROM": ("platform",),
    "HEALTHCHECK": ("interval", "retries", "start-interval", "start-period", "timeout"),
    "RUN": ("device", "mount", "network", "security"),
}
_SWITCHES = ("keep-git-dir", "link", "parents", "unpack")
_REPEATABLE = ("device", "exclude", "mount")
# commands_runnetwork.go and commands_runsecurity.go in the same folder.
_VALUES = {
    ("RUN", "network"): ("default", "host", "none"),
    ("RUN", "security"): ("insecure", "sandbox"),
}
# BuildKit ignores the flags of these.
_IGNORES_FLAGS = ("ARG", "STOPSIGNAL")
_SOME_WORDS = (
    *("ARG", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD"),
    *("SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
)
_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_NO_TRIGGERS = ("FROM", "MAINTAINER", "ONBUILD")


def refuse_malformed(instruction: Instruction) -> None:
    """Raise ArgumentError for what BuildKit refuses."""
    if not _ignores_flags(instruction):
        _refuse_flags(instruction)
    if instruction.name in _SOME_WORDS and not instruction.words:
        raise ArgumentError(f"{instruction.name} takes an argument")
    refuse = _RULES.get(instruction.name)
    if refuse is not None:
        refuse(instruction)


def _ignores_flags(instruction: Instruction) -> bool:
    is_none = instruction.name == "HEALTHCHECK" and "".join(instruction.words[:1]).upper() == "NONE"
    return is_none or instruction.name in _IGNORES_FLAGS


def _refuse_flags(instruction: Instruction) -> None:
    name = instruction.name
    known = _FLAGS.get(name, ())
    seen: set[str] = set()
    for flag in instruction.flags:
        key, equals, value = flag.removeprefix("--").partition("=")
        if key not in known:
            there = ", ".join(f"--{each}" for each in known) or "none"
            raise ArgumentError(f"{name} has the unknown flag --{key}; there are {there}")
        if key in seen and key not in _REPEATABLE:
            raise ArgumentError(f"{name} has the flag --{key} twice; remove one")
        seen.add(key)
        if key in _SWITCHES:
            if (equals and not value) or value.lower() not in ("", "true", "false"):
                raise ArgumentError(f"{name} --{key} takes true or false, got {value!r}")
        elif not equals:
            raise ArgumentError(f"{name} --{key} takes a value; write --{key}=…")
        allowed = _VALUES.get((name, key))
        if allowed and value not in allowed:
            raise ArgumentError(f"{name} --{key} takes {' or '.join(allowed)}, got {value!r}")


def _refuse_copy(instruction: Instruction) -> None:
    name, words = instruction.name, instruction.words
    if len(words) < 2:
        raise ArgumentError(f"{name} takes at least a source and a destination")
    if read_heredoc(words[-1]) is not None:
        raise ArgumentError(f"{name} takes no heredoc as its destination, got {words[-1]!r}")


def _refuse_names(instruction: Instruction) -> None:
    names = instruction.words if instruction.name == "ARG" else instruction.words[::2]
    if any(name.startswith("=") or not name for name in names):
        raise ArgumentError(f"{instruction.name} takes a name before the '='")


def _refuse_from(instruction: Instruction) -> None:
    match instruction.words:
        case [_]:
            return
        case [_, keyword, name] if keyword.lower() == "as":
            if not _STAGE_NAME.fullmatch(name.lower()):
                raise ArgumentError(
                    f"the name of the stage is invalid, got {name!r}; start with a letter, then use letters, digits, -_."
                )
            return
    raise ArgumentError("FROM takes an image, or an image and `AS` with a name")


def _refuse_health(instruction: Instruction) -> None:
    kind, *command = instruction.words
    match kind.upper():
        case "NONE" if command:
            raise ArgumentError("HEALTHCHECK NONE takes no arguments")
        case "CMD" if not command:
            raise ArgumentError("HEALTHCHECK CMD takes a command")
        case "NONE" | "CMD":
            return
    raise ArgumentError(f"HEALTHCHECK takes CMD or NONE, got {kind!r}")


def _refuse_shell(instruction: Instruction) -> None:
    if not instruction.is_json:
        raise ArgumentError('SHELL takes a JSON array, like ["/bin/bash", "-c"]')


def _refuse_trigger(instruction: Instruction) -> None:
    held = instruction.words[0].split(maxsplit=1)[0].upper()
    if held in _NO_TRIGGERS:
        raise ArgumentError(f"{held} is not allowed in an ONBUILD")


def _refuse_volume(instruction: Instruction) -> None:
    if any(not word.strip(SPACES) for word in instruction.words):
        raise ArgumentError("VOLUME takes no empty path")


_RULES = {
    "ADD": _refuse_copy,
    "ARG": _refuse_names,
    "COPY": _refuse_copy,
    "ENV": _refuse_names,
    "FROM": _refuse_from,
    "HEALTHCHECK": _refuse_health,
    "LABEL": _refuse_names,
    "ONBUILD": _refuse_trigger,
    # It raises for malformed mounts.
    "RUN": mount_origins,
    "SHELL": _refuse_shell,
    "VOLUME": _refuse_volume,
}
