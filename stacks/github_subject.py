"""Which runs of GitHub Actions a role trusts, as the `sub` claim of their OpenID Connect token."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoped_images import ScopedImagesError


@dataclass(frozen=True, kw_only=True)
class GitHubSubject:
    """Runs of one repository: of an environment, of a branch, of both, or else of pull requests.

    repository: `owner/name`; with GitHub's immutable subjects `owner@<id>/name@<id>`.
    has_ref: whether the repository puts the ref into every subject (docs/ci.md). GitHub's own default names the
        environment or the branch.
    """

    repository: str
    environment: str | None = None
    branch: str | None = None
    has_ref: bool = False

    def __post_init__(self) -> None:
        name = r"[\w.-]+(@\d+)?"
        for value, key, pattern, words in (
            (self.repository, "repository", f"{name}/{name}", "owner/name"),
            (self.environment, "environment", r"[\w.-]+", "letters, digits, '.', '_' and '-'"),
            (self.branch, "branch", r"[\w./-]+", "a branch without wildcards"),
        ):
            if value is not None and not re.fullmatch(pattern, value):
                raise ScopedImagesError(f"{key}: must be {words}, got {value!r}")

    def __str__(self) -> str:
        if self.environment is None and self.branch is None:
            of = "pull_request:ref:refs/pull/*/merge" if self.has_ref else "pull_request"
        else:
            of = ":".join(
                [
                    *([f"environment:{self.environment}"] if self.environment else []),
                    *([f"ref:refs/heads/{self.branch}"] if self.branch else []),
                ]
            )
        return f"repo:{self.repository}:{of}"
