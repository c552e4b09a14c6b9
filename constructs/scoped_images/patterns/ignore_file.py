"""`.dockerignore`: which paths BuildKit's client does not send."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.go_match import BadPatternError
from scoped_images.patterns.go_text import SPACES, clean_path
from scoped_images.patterns.matcher import Matched, Pattern, PatternMatcher, read_pattern


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
    _folders: dict[str, _Folder] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        try:
            matcher = PatternMatcher(tuple(rule.pattern for rule in self.rules))
        except BadPatternError as error:
            raise ScopedImagesError(f"{self.rules[-1].file}: {error}") from None
        object.__setattr__(self, "_matcher", matcher)

    @classmethod
    def parse(cls, text: bytes | str, *, name: str = ".dockerignore") -> IgnoreFile:
        """Read the rules as https://github.com/moby/patternmatcher/blob/v0.6.0/ignorefile/ignorefile.go does."""
        content = text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text
        rules = []
        for number, line in enumerate(content.removeprefix("\ufeff").split("\n"), start=1):
            # Only a `#` in the first column starts a comment.
            written = line.removesuffix("\r").strip(SPACES)
            if line.startswith("#") or not written:
                continue
            try:
                rules.append(IgnoreRule(name, number, written, _read_rule(written)))
            except BadPatternError as error:
                raise ScopedImagesError(f"{name}:{number}: {error}; fix or remove the line") from None
        return cls(tuple(rules))

    def excludes(self, path: str) -> bool:
        """Return whether the rules leave the path out, by itself or with a folder above it.

        A folder that is left out is sent after all when an exception (`!`) brings back something inside it.
        """
        if not self.rules:
            return False
        folder = self._folder(path.rpartition("/")[0])
        return not folder.entered or self._match(path, folder.matched)[0]

    def may_include_below(self, folder: str) -> bool:
        """Return whether an exception (`!`) may bring back something inside a folder that is left out."""
        return any(
            not each.is_plain_prefix or f"{each.without_trailing_glob}/".startswith(f"{folder}/")
            for each in self._exceptions
        )

    def reason(self, path: str) -> IgnoreRule | None:
        """Return the rule that leaves the path out, or the exception that keeps it; None when no rule matches."""
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if not self._folder(folder).entered:
                return self._deciding_rule(folder)
        return self._deciding_rule(path)

    def keeps(self, path: str) -> bool:
        """Return whether the last rule that matches the path, or a folder above it, is an exception (`!`)."""
        hits = self._hits(path)
        return bool(hits) and self.rules[hits.bit_length() - 1].pattern.exception

    def blanks(self, path: str) -> IgnoreRule | None:
        """Return the rule that makes BuildKit send a file without its content although the file is not left out.

        Its client walks the tree with one rule (MatchesUsingParentResults) and opens files with another
        (MatchesOrParentMatches); they differ where a folder is named twice, with an exception in between.
        """
        hits, last = self._hits(path), None
        while hits:
            rule = self.rules[(hits & -hits).bit_length() - 1]
            hits &= hits - 1
            if rule.pattern.exception == (last is not None):
                last = None if rule.pattern.exception else rule
        return last

    @cached_property
    def _exceptions(self) -> tuple[Pattern, ...]:
        return tuple(rule.pattern for rule in self.rules if rule.pattern.exception)

    def _hits(self, path: str) -> Matched:
        """Return every rule that matches the path or a folder above it."""
        return self._matcher.hits(path) | self._folder(path.rpartition("/")[0]).hits

    def _deciding_rule(self, path: str) -> IgnoreRule | None:
        index = self._matcher.deciding(path, self._folder(path.rpartition("/")[0]).matched)
        return None if index is None else self.rules[index]

    def _folder(self, path: str) -> _Folder:
        """Return what the rules say of a folder, after those above it: a path may be very deep."""
        known = self._folders.get(path)
        if known is not None:
            return known
        pending = []
        while path and path not in self._folders:
            pending.append(path)
            path = path.rpartition("/")[0]
        folder = self._folders[path] if path else _ROOT
        for inner in reversed(pending):
            excluded, matched = self._match(inner, folder.matched)
            folder = self._folders[inner] = _Folder(
                matched=matched,
                hits=folder.hits | self._matcher.hits(inner),
                entered=folder.entered and (not excluded or self.may_include_below(inner)),
            )
        return folder

    def _match(self, path: str, above: Matched) -> tuple[bool, Matched]:
        try:
            return self._matcher.match(path, above)
        except BadPatternError as error:
            rule = next(rule for rule in self.rules if rule.pattern.malformed == str(error))
            raise ScopedImagesError(f"{rule.file}:{rule.line}: {error}; fix or remove the line") from None


@dataclass(frozen=True)
class _Folder:
    """What the rules say of one folder.

    matched: the rules that were tried and match it or a folder above. hits: the same, of all rules.
    entered: whether a walk enters it; what lies in a folder that it does not enter is left out.
    """

    matched: Matched
    hits: Matched
    entered: bool


_ROOT = _Folder(matched=0, hits=0, entered=True)


def _read_rule(written: str) -> Pattern:
    exception = written.startswith("!")
    body = written[1:].strip(SPACES) if exception else written
    if body:
        body = clean_path(body)
        if len(body) > 1:
            body = body.removeprefix("/")
    return read_pattern(f"!{body}" if exception else body)
