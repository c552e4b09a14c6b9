"""Warns of the files that Python compiles modules into, because they differ between machines."""

from __future__ import annotations

from collections.abc import Iterable

from scoped_images.context.file import ContextFile, Kind

_FOLDER = "__pycache__"


def compiled_files(files: Iterable[ContextFile], *, ignore_file: str) -> tuple[str, ...]:
    """Return one warning, with the first such file and the rules that leave all of them out, if there are any.

    ignore_file: where the rules belong, as the message calls it.
    """
    rules: dict[str, str] = {}
    for file in files:
        *folders, name = file.path.split("/")
        if file.kind is not Kind.DIRECTORY and _FOLDER in folders:
            rules.setdefault(f"**/{_FOLDER}", file.path)
        elif file.kind is not Kind.DIRECTORY and name.endswith(".pyc"):
            rules.setdefault("**/*.pyc", file.path)
    if not rules:
        return ()
    example = next(iter(rules.values()))
    return (
        f"{example} is in the build context: Python writes such files when it imports a module, so the image's tag "
        f"differs between machines; write {' and '.join(rules)} into {ignore_file}",
    )
