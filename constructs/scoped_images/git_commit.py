"""The commit that a build context is of."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scoped_images.context import ScopedContext
from scoped_images.context_file import Kind

DIGITS = 12
# A command line takes about 2 MB. Beyond it the root is asked about: it may differ where the context does not.
_MOST_PATHS = 2000
_LIBRARY = Path(__file__).parent


def commit_of(context: ScopedContext) -> str | None:
    """First 12 digits of the last commit that touched the context's files, named contexts' too, or its Dockerfile.

    None where a file differs from its commit, is in none or is deleted, and where there is no git. Runs git,
    and so is called for those alone who ask for `git` tags.
    """
    read_from = [
        (context.root, context.files),
        *((named.root, named.files) for named in context.named.values()),
    ]
    files: list[str] = []
    folders: list[str] = []
    for root, entries in read_from:
        for entry in entries:
            (folders if entry.kind is Kind.DIRECTORY else files).append(str(root / entry.path))
    # The library's own Dockerfile is in no commit of the user's.
    own = context.dockerfile.is_relative_to(_LIBRARY)
    read = [
        *([] if own else [str(context.dockerfile)]),
        *(str(path) for path in context.generated_from),
        *(files if len(files) <= _MOST_PATHS else [str(root) for root, _ in read_from]),
    ]
    differing = (
        ("status", "--porcelain", "--ignored", "--untracked-files=all", "--", *read),
        ("diff", "--name-only", "--diff-filter=D", "HEAD", "--", *(folders or [str(context.root)])),
    )
    if any(_git(context, *question) != "" for question in differing):
        return None
    commit = _git(context, "log", "-1", "--format=%H", "--", *read)
    return commit[:DIGITS] if commit else None


def _git(context: ScopedContext, *arguments: str) -> str | None:
    """What git answers; None where it cannot."""
    try:
        done = subprocess.run(
            ["git", "-C", str(context.root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
