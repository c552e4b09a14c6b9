"""The files of the zip behind a remote build's custom resource: the handler and the plain Python that it stands on."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_LIBRARY = ("__init__", "errors", "remote/__init__")
_REMOTE = ("build_request", "build_secret", "builds", "buildspec", "failure", "registry")


def handler_files() -> dict[str, bytes]:
    """Content by path in the zip. aws_cdk is not among it, boto3 comes with Lambda's runtime."""
    names = (*_LIBRARY, *(f"remote/{name}" for name in _REMOTE))
    library = {f"scoped_images/{name}.py": _PACKAGE / f"{name}.py" for name in names}
    sources = {"index.py": _PACKAGE / "remote_handler" / "index.py", **library}
    return {name: sources[name].read_bytes() for name in sorted(sources)}
