"""Finds the commit that a build context comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scoped_images.context.file import Kind
from scoped_images.context.scoped_context import ScopedContext

# A command line takes about 2 MB. For more paths git looks at the whole root, which may differ where the context
# does not.
_MOST_PATHS = 2000
_LIBRARY = Path(__file__).parents[1]


def commit_of(*contexts: ScopedContext) -> str | None:
    """Return the last commit that changed a file of the contexts, of their named contexts, or a Dockerfile.

    Returns None if a file differs from its commit, is in none or is deleted, and without git.

    contexts: of one image, one for each platform.
    """
    read: list[str] = []
    folders: list[str] = []
    for context in contexts:
        _collect(context, read, folders)
    root = contexts[0].root
    differing = (
        ("status", "--porcelain", "--ignored", "--untracked-files=all", "--", *read),
        ("diff", "--name-only", "--diff-filter=D", "HEAD", "--", *folders),
    )
    if any(_git(root, *question) != "" for question in differing):
        return None
    return _git(root, "log", "-1", "--format=%H", "--", *read) or None


def _collect(context: ScopedContext, read: list[str], folders: list[str]) -> None:
    """Add the paths that an image reads, and the folders that hold them."""
    read_from = [
        (context.root, context.files),
        *((named.root, named.files) for named in context.named.values()),
    ]
    files: list[str] = []
    within: list[str] = []
    for root, entries in read_from:
        for entry in entries:
            (within if entry.kind is Kind.DIRECTORY else files).append(str(root / entry.path))
    # The library's own Dockerfile is not in the user's repository.
    if not context.dockerfile.is_relative_to(_LIBRARY):
        read.append(str(context.dockerfile))
    read += [str(path) for path in context.generated_from]
    read += files if len(files) <= _MOST_PATHS else [str(root) for root, _ in read_from]
    folders += within or [str(context.root)]


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints, or None if git fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            # With core.quotePath=false git prints names as their bytes are.
            errors="replace",
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
