"""Expands the words of instructions, and reports those that cannot be expanded."""

from __future__ import annotations

from itertools import takewhile

from scoped_images.dockerfile.expansion import expand
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.limits import MAX_DOCKERFILE_BYTES
from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.shell_lexer import Budget, ShellError
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.dockerfile.variables import Unknown, Value, Variables, platform_variables
from scoped_images.platform import Platform


class Evaluation:
    """Expands the words of one Dockerfile in a build with some options.

    outside: the variables that FROM sees, of the ARGs before the first one and of the platform.
    """

    def __init__(self, parsed: ParsedDockerfile, options: TargetOptions) -> None:
        self.parsed, self.options = parsed, options
        self._words = Budget()
        self._heredocs = Budget(max_length=4 * MAX_DOCKERFILE_BYTES)
        last = next((item for item in reversed(parsed.instructions) if item.name == "FROM"), None)
        last_name = last.words[-1].lower() if last and len(last.words) == 3 else ""
        automatic = platform_variables(options.platform, target=options.target or last_name or "default")
        given = {name: self._given(name) for name in options.build_args if name in automatic}
        self.outside = Variables({**automatic, **given})
        for instruction in takewhile(lambda item: item.name != "FROM", parsed.instructions):
            self.declare(instruction, self.outside)

    def declare(self, instruction: Instruction, variables: Variables) -> None:
        """Declare each `NAME` or `NAME=default` of an ARG."""
        for word in instruction.words:
            name, has_default, default = word.partition("=")
            if name in self.options.build_args:
                value: Value | None = self._given(name)
            elif has_default:
                value = self.value(instruction, default, variables)
            else:
                value = self.outside.values.get(name)
            variables.declared.add(name)
            if value is not None:
                variables.values[name] = value

    def value(self, instruction: Instruction, word: str, variables: Variables) -> Value:
        """Expand a word; raises ScopedImagesError for a malformed one."""
        try:
            return expand(word, variables, self._words, escape=self.parsed.escape)
        except ShellError as error:
            raise self.parsed.error(instruction.line, f"{instruction.name}: {error}") from None

    def refuse_malformed_heredocs(self, instruction: Instruction, variables: Variables) -> None:
        """Raise ScopedImagesError for a heredoc that BuildKit cannot expand."""
        for heredoc in instruction.heredocs:
            try:
                if heredoc.expand:
                    # The escape character is the backslash, whatever the `# escape` directive says.
                    expand(heredoc.content, variables, self._heredocs, quotes=False)
            except ShellError as error:
                raise self.parsed.error(
                    instruction.line, f"{instruction.name}: in the heredoc {heredoc.name!r}: {error}"
                ) from None

    def _given(self, name: str) -> Value:
        value = self.options.build_args[name]
        return Unknown(name) if value is None else value


def unknown_value_message(parsed: ParsedDockerfile, what: str, variable: str) -> str:
    """Return the error for a word that depends on a variable without a value."""
    instructions = parsed.instructions
    names = [item.name for item in instructions]
    # Only FROM sees an ARG before the first FROM.
    first = 0 if what.startswith("FROM") or "FROM" not in names else names.index("FROM")
    declared = any(
        item.name == "ARG" and any(word.partition("=")[0] == variable for word in item.words)
        for item in instructions[first:]
    )
    # BuildKit fills these in where they are declared; those of the builder's own platform are unknown.
    automatic = variable.startswith("TARGET") and variable in platform_variables(Platform.LINUX_AMD64)
    ways = [] if declared else [f"`ARG {variable}` in that stage"]
    ways += [] if automatic else [f"build_args={{{variable!r}: …}}"]
    return (
        f"{what} depends on ${variable}, which has no value when the app is synthesized; "
        f"give it one with {' and '.join(ways)}, or name the files with include=[…]"
    )
