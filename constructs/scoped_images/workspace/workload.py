"""What an image is made of: a package of the workspace, or any other folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A function or service.

    name: of the package, or of the folder, in lower-case letters, digits and dashes.
    """

    name: str
    folder: Path


def find_workload(root: Path, workload: str | Path, workspace: Workspace | None) -> Workload:
    """Return the package with this name or in this folder, or else the folder; both below `root`."""
    packages = workspace.packages if workspace else {}
    folder = (root / workload).resolve()
    by_name = packages.get(canonicalize_name(str(workload)))
    found = by_name or next((each for each in packages.values() if each.folder == folder), None)
    if found is not None:
        return Workload(name=found.name, folder=found.folder)
    if not folder.is_dir() or not folder.is_relative_to(root.resolve()):
        known = ", ".join(packages) or "none"
        raise ScopedImagesError(
            f"workload: expected a package or a folder of {root.resolve()}, got {str(workload)!r}; known packages are "
            f"{known}"
        )
    name = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")
    return Workload(name=name, folder=folder)
