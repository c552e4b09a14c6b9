"""One instruction of a Dockerfile."""

from __future__ import annotations

from dataclasses import dataclass

from scoped_images.dockerfile.heredoc import Heredoc


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction, unexpanded.

    name: in capitals. words: its arguments; names and values in turn for ENV and LABEL.
    flags: `--from=x`, without quotes. line: where it starts.
    is_json: whether the words were written as a JSON array.
    trigger: the instruction that an ONBUILD holds.
    """

    name: str
    words: tuple[str, ...]
    flags: tuple[str, ...]
    line: int
    is_json: bool = False
    heredocs: tuple[Heredoc, ...] = ()
    trigger: Instruction | None = None

    def flag_values(self, name: str) -> tuple[str, ...]:
        """Return the values of a flag that may be repeated."""
        prefix = f"--{name}="
        return tuple(flag.removeprefix(prefix) for flag in self.flags if flag.startswith(prefix))

    def flag_value(self, name: str) -> str:
        """Return the value of a flag, or an empty string."""
        return "".join(self.flag_values(name)[-1:])

    def has_flag(self, name: str) -> bool:
        """Return whether a boolean flag is on."""
        return f"--{name}" in self.flags or self.flag_value(name).lower() == "true"
