"""A package that a base is derived from, and the context of the base."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scoped_images.bases.derive import derive_bases
from scoped_images.bases.package_options import PackageOptions
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.workspace.workspace import Workspace
from tests.unit.workspace.repository import project, write

LABEL = {
    "label/pyproject.toml": project("my-label", ["boto3"]),
    "label/requirements.lock": "boto3==1.43.0 --hash=sha256:1\n",
    "label/src/my_label/__init__.py": "A = 1\n",
    "label/src/my_label/py.typed": "",
    "api/pyproject.toml": project("api", ["my-label"]),
}


def context(
    root: Path,
    dockerfile: Path | None = None,
    name: str = "my-label",
    options: PackageOptions | None = None,
    declared: tuple[str, ...] = (),
) -> ScopedContext:
    bases = derive_bases(
        Workspace.read(root), declared=declared, options={options.name: options} if options else {}
    )
    (base,) = [base for base in bases if base.name == name]
    return base.context(dockerfile)


def source(root: Path) -> list[str]:
    return [file.path for file in context(root).named["source"].files if file.kind != "directory"]


def label_files(root: Path, files: Mapping[str, str], more: str = "") -> list[str]:
    """The paths in the context of a package, relative to its folder."""
    write(root, {"api/pyproject.toml": project("api", ["my-label"])})
    write(root, {"label/pyproject.toml": project("my-label", more=more)})
    write(root, {f"label/{path}": text for path, text in files.items()})
    return [path.removeprefix("label/") for path in source(root) if path != "label/pyproject.toml"]
