"""A package that a base is derived from, and the context of the base."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoped_images.bases.package_options import PackageOptions
from scoped_images.context.scoped_context import ScopedContext
from tests.unit.workspace.repository import derived, project, write

LABEL = {
    "label/pyproject.toml": project("my-label", ["boto3"]),
    "label/requirements.lock": "boto3==1.43.0 --hash=sha256:1\n",
    "label/src/my_label/__init__.py": "A = 1\n",
    "label/src/my_label/py.typed": "",
    "api/pyproject.toml": project("api", ["my-label"]),
}


def context(
    root: Path, dockerfile: Path | None = None, options: PackageOptions | None = None, **more: Any
) -> ScopedContext:
    bases = derived(root, dockerfile=dockerfile, package_options=[options] if options else [], **more)
    return bases["my-label"].context()


def source(root: Path) -> list[str]:
    return [file.path for file in context(root).named["source"].files if file.kind != "directory"]


def label_files(root: Path, files: Mapping[str, str], more: str = "") -> list[str]:
    """The paths in the context of a package, relative to its folder."""
    write(root, {"api/pyproject.toml": project("api", ["my-label"])})
    write(root, {"label/pyproject.toml": project("my-label", more=more)})
    write(root, {f"label/{path}": text for path, text in files.items()})
    return [path.removeprefix("label/") for path in source(root) if path != "label/pyproject.toml"]
