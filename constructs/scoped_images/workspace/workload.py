"""What an image is made of: a package of the workspace, or any other folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect
from scoped_images.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A function or service.

    name: of the package or the folder, in lower-case letters, digits and dashes; the path if another package has it.
    """

    name: str
    folder: Path

    @classmethod
    def find(cls, root: Path, workload: str | Path, workspace: Workspace | None) -> Self:
        """Return the package with this name or in this folder, or else the folder; both below `root`."""
        expect("workload", workload, (str, Path), "use the name of a package, or the path of a folder")
        packages = workspace.packages if workspace else {}
        folder = (root / workload).resolve()
        found = packages.get(canonicalize_name(str(workload)))
        if found is not None:
            return cls(name=found.name, folder=found.folder)
        if not folder.is_dir() or not folder.is_relative_to(root.resolve()):
            known = ", ".join(packages) or "none"
            raise ScopedImagesError(
                f"workload: expected a package or a folder of {root.resolve()}, got {str(workload)!r}; known packages "
                f"are {known}"
            )
        is_below = workspace is not None and folder.is_relative_to(workspace.root)
        name = workspace.workload_name(folder) if workspace and is_below else folder.name
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        if not plain:
            raise ScopedImagesError(
                f"workload: the folder's name must have letters a-z or digits, got {str(workload)!r}; rename the folder"
            )
        return cls(name=plain, folder=folder)
