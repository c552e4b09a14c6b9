"""Asks git which files of a repository it ignores."""

from __future__ import annotations

import subprocess
from pathlib import Path


def ignored_files(root: Path) -> tuple[str, ...]:
    """Return the ignored files that git does not track, relative to the root; a folder that is ignored ends with `/`.

    Only git knows its own rules and what it tracks in spite of them. Returns () without git or outside of a repository:
    a machine that has only exported files has no ignored ones.
    """
    command = (
        "git",
        # A container often checks out as another user than it builds as.
        *("-c", "safe.directory=*", "-C", str(root)),
        *("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"),
    )
    try:
        listed = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return ()
    if listed.returncode != 0:
        return ()
    return tuple(filter(None, listed.stdout.decode("utf-8", "surrogateescape").split("\0")))
