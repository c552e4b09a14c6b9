"""Expands the words of instructions, and reports those that cannot be expanded."""

from __future__ import annotations

from scoped_images.dockerfile.expansion import Expansion
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.limits import MAX_DOCKERFILE_BYTES
from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.platform_variables import platform_variables
from scoped_images.dockerfile.shell_lexer import Budget, ShellError
from scoped_images.dockerfile.variables import Value, Variables


class Evaluation:
    """Expands the words of one Dockerfile."""

    def __init__(self, parsed: ParsedDockerfile) -> None:
        self.parsed = parsed
        self._words = Expansion(parsed.escape)
        # Their escape character is the backslash, whatever the `# escape` directive says.
        self._heredocs = Expansion(budget=Budget(max_length=4 * MAX_DOCKERFILE_BYTES))

    def value(self, instruction: Instruction, word: str, variables: Variables) -> Value:
        """Expand a word; raises ScopedImagesError for a malformed one."""
        try:
            return self._words.expand(word, variables)
        except ShellError as error:
            raise self.parsed.error(instruction.line, f"{instruction.name}: {error}") from None

    def refuse_malformed_heredocs(self, instruction: Instruction, variables: Variables) -> None:
        """Raise ScopedImagesError for a heredoc that BuildKit cannot expand."""
        for heredoc in instruction.heredocs:
            try:
                if heredoc.expand:
                    self._heredocs.expand(heredoc.content, variables, quotes=False)
            except ShellError as error:
                raise self.parsed.error(
                    instruction.line, f"{instruction.name}: in the heredoc {heredoc.name!r}: {error}"
                ) from None


def unknown_value_message(dockerfile: ParsedDockerfile, what: str, variable: str) -> str:
    """Return the error for a word that depends on a variable without a value."""
    names = [item.name for item in dockerfile.instructions]
    # Only FROM sees an ARG before the first FROM.
    first = 0 if what.startswith("FROM") or "FROM" not in names else names.index("FROM")
    declared = any(
        item.name == "ARG" and any(word.partition("=")[0] == variable for word in item.words)
        for item in dockerfile.instructions[first:]
    )
    # BuildKit fills these in where they are declared; those of the builder's own platform are unknown.
    automatic = variable.startswith("TARGET") and variable in platform_variables(platform="linux/amd64")
    give = " and ".join(
        part
        for part, is_missing in (
            (f"`ARG {variable}` in that stage", not declared),
            (f"build_args={{{variable!r}: …}}", not automatic),
        )
        if is_missing
    )
    return (
        f"{what} depends on ${variable}, which has no value when the app is synthesized; "
        f"give it one with {give}, or name the files with include=[…]"
    )
