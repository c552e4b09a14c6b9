"""How large a context is, and what makes it so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from scoped_images.context_file import ContextFile
from scoped_images.errors import ScopedImagesError

_UNITS = ("B", "kB", "MB", "GB")


def readable(size: int) -> str:
    """Bytes in decimal units, as `docker` prints them: `1.2 MB`."""
    value = float(size)
    for unit in _UNITS[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_UNITS[-1]}"


def largest_parts(files: Iterable[ContextFile], count: int = 10) -> str:
    """The entries at the context's root that weigh most, with their sizes."""
    parts: Counter[str] = Counter()
    for file in files:
        parts[file.path.partition("/")[0]] += file.size
    return ", ".join(f"{name} {readable(size)}" for name, size in parts.most_common(count))


def check_size(files: tuple[ContextFile, ...], *, max_bytes: int, dockerfile: str) -> None:
    """Refuse a context beyond `max_bytes`, naming its largest files and the lines that pull them in."""
    total = sum(file.size for file in files)
    if total <= max_bytes:
        return
    largest = sorted(files, key=lambda file: -file.size)[:10]
    lines = "\n".join(
        f"  {readable(file.size):>9}  {file.path}{_asked_by(file, dockerfile)}" for file in largest
    )
    raise ScopedImagesError(
        f"build context of {dockerfile} is {readable(total)}, and max_bytes is {readable(max_bytes)}: leave files out "
        f"with {dockerfile}.dockerignore, or raise max_bytes. The largest files:\n{lines}"
    )


def _asked_by(file: ContextFile, dockerfile: str) -> str:
    return f"  ({dockerfile}:{', '.join(map(str, file.sources))})" if file.sources else ""
