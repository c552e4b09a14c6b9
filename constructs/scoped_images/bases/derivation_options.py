"""The keywords that BaseImages and WorkspaceImages pass on to BaseGraph.from_workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

from scoped_images.bases.declaration import BaseDeclaration
from scoped_images.bases.package_options import PackageOptions


class DerivationOptions(TypedDict, total=False):
    """As those of BaseGraph.from_workspace, which has them with their defaults."""

    workloads: Sequence[str | Path] | None
    declared: Iterable[BaseDeclaration]
    packages: Sequence[str] | None
    exclude: Sequence[str]
    public_image: str
    python: str | None
    package_options: Iterable[PackageOptions]
    workload_bases: bool
