"""`.dockerignore`: which paths BuildKit never gets to see."""

from __future__ import annotations

from dataclasses import dataclass, field

from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.go_match import BadPatternError
from scoped_images.patterns.matcher import (
    GO_SPACES,
    Matched,
    Pattern,
    PatternMatcher,
    clean_path,
    read_pattern,
)


@dataclass(frozen=True)
class IgnoreRule:
    """One line of an ignore file.

    text: as written. file: the ignore file's name.
    """

    file: str
    line: int
    text: str
    pattern: Pattern

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True)
class IgnoreFile:
    """The rules of one ignore file, in their order; without any, nothing is left out.

    Paths are relative to the context's root, with forward slashes. The walk's rules are those of fsutil's filter
    (https://github.com/tonistiigi/fsutil/blob/master/filter.go), with which BuildKit's client sends the context.
    """

    rules: tuple[IgnoreRule, ...] = ()
    _matcher: PatternMatcher = field(init=False, repr=False, compare=False)
    _matched: dict[str, Matched] = field(init=False, repr=False, compare=False, default_factory=dict)
    _entered: dict[str, bool] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_matcher", PatternMatcher(tuple(rule.pattern for rule in self.rules)))

    @classmethod
    def parse(cls, text: bytes | str, *, name: str = ".dockerignore") -> IgnoreFile:
        """Read the rules as https://github.com/moby/patternmatcher/blob/v0.6.0/ignorefile/ignorefile.go does."""
        content = text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text
        rules = []
        for number, line in enumerate(content.removeprefix("\ufeff").split("\n"), start=1):
            # Only a `#` in the first column starts a comment.
            written = line.removesuffix("\r").strip(GO_SPACES)
            if line.startswith("#") or not written:
                continue
            try:
                rules.append(IgnoreRule(name, number, written, _read_rule(written)))
            except BadPatternError as error:
                raise ScopedImagesError(f"{name}:{number}: {error}; mend or remove the line") from None
        return cls(tuple(rules))

    def excludes(self, path: str) -> bool:
        """Tell whether the rules leave the path out, by itself or with a folder above it.

        A folder that is left out is sent after all when an exception (`!`) brings back something inside it.
        """
        folder, _, _ = path.rpartition("/")
        if folder and not self._enters(folder):
            return True
        return self._match(path)[0]

    def may_include_below(self, folder: str) -> bool:
        """Tell whether an exception (`!`) may bring back something inside a folder that is left out."""
        exceptions = [rule.pattern for rule in self.rules if rule.pattern.exception]
        if not all(pattern.is_plain_prefix for pattern in exceptions):
            return True
        return any(f"{pattern.without_trailing_glob}/".startswith(f"{folder}/") for pattern in exceptions)

    def reason(self, path: str) -> IgnoreRule | None:
        """Return the rule that leaves the path out, or the exception that keeps it; None when no rule speaks of it."""
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if not self._enters(folder):
                return self._deciding_rule(folder)
        return self._deciding_rule(path)

    def blanks(self, path: str) -> IgnoreRule | None:
        """Return the rule for whose sake BuildKit sends a file that is not left out without its content.

        Its client walks the tree with one rule (MatchesUsingParentResults) and opens files with another
        (MatchesOrParentMatches); they differ where a folder is named twice, with an exception in between.
        """
        parts = path.split("/")
        lineage = ["/".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
        last = None
        for rule in self.rules:
            if rule.pattern.exception == (last is not None) and any(map(rule.pattern.matches, lineage)):
                last = None if rule.pattern.exception else rule
        return last

    def _deciding_rule(self, path: str) -> IgnoreRule | None:
        index = self._matcher.deciding(path, self._above(path))
        return None if index is None else self.rules[index]

    def _enters(self, folder: str) -> bool:
        """Whether a walk enters the folder: what is in one that it does not enter is left out."""
        if folder not in self._entered:
            parent, _, _ = folder.rpartition("/")
            self._entered[folder] = (not parent or self._enters(parent)) and (
                not self._match(folder)[0] or self.may_include_below(folder)
            )
        return self._entered[folder]

    def _above(self, path: str) -> Matched:
        folder, _, _ = path.rpartition("/")
        if not folder:
            return ()
        if folder not in self._matched:
            self._matched[folder] = self._match(folder)[1]
        return self._matched[folder]

    def _match(self, path: str) -> tuple[bool, Matched]:
        return self._matcher.match(path, self._above(path))


def _read_rule(written: str) -> Pattern:
    exception = written.startswith("!")
    body = written[1:].strip(GO_SPACES) if exception else written
    if body:
        body = clean_path(body)
        if len(body) > 1:
            body = body.removeprefix("/")
    return read_pattern(f"!{body}" if exception else body)
