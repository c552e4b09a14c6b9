"""The files of the zip behind a remote build's custom resource: the handler and the plain Python that it stands on."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_LIBRARY = ("__init__", "remote/__init__", "remote/build_request", "remote/buildspec")
_HANDLER = ("remote/builds", "remote/failure", "remote/registry")


def handler_files() -> dict[str, bytes]:
    """Content by path in the zip. aws_cdk is not among it, boto3 comes with Lambda's runtime."""
    library = {f"scoped_images/{name}.py": _PACKAGE / f"{name}.py" for name in (*_LIBRARY, *_HANDLER)}
    sources = {"index.py": _PACKAGE / "remote_handler" / "index.py", **library}
    return {name: sources[name].read_bytes() for name in sorted(sources)}
