"""The files of the image pruner's zip: the handler and the plain Python that it stands on."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scoped_images.errors import ScopedImagesError

_PACKAGE = Path(__file__).parent


def pruner_files(handler_directory: Path) -> dict[str, bytes]:
    """Content by path in the zip. aws_cdk is not among it, boto3 comes with Lambda's runtime."""
    if not (handler_directory / "handler.py").is_file():
        raise ScopedImagesError(
            f"handler_directory of the image pruner is {str(handler_directory)!r}, which holds no handler.py: "
            "give the folder lambdas/image_pruner"
        )
    sources = {path.name: path for path in handler_directory.glob("*.py")}
    library = [_PACKAGE / "__init__.py", _PACKAGE / "errors.py", *(_PACKAGE / "retention").glob("*.py")]
    sources |= {f"scoped_images/{path.relative_to(_PACKAGE).as_posix()}": path for path in library}
    return {name: sources[name].read_bytes() for name in sorted(sources)}


def fingerprint(files: dict[str, bytes]) -> str:
    """The same for the same files, whenever and wherever they were written."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{len(name)} {name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()
