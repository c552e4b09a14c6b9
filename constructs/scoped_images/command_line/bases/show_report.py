"""Prints derived bases as a tree or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from scoped_images.bases.derive import needs_of
from scoped_images.bases.derived_base import DerivedBase
from scoped_images.printable import printable_line
from scoped_images.workspace.package import Package
from scoped_images.workspace.requirements import Requirements
from scoped_images.workspace.workspace import Workspace

# Do not fold lines in a pipe.
_WIDE = 10_000


def print_tree(
    workspace: Workspace,
    bases: Sequence[DerivedBase],
    requirements: Mapping[str, Requirements],
    workloads: Sequence[Package],
) -> None:
    """Print each base below the one that it is built FROM, and each workload below the base that it is built FROM."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE, color_system=None, emoji=False)
    labels = {base.name: _base_label(workspace, base, requirements[base.name]) for base in bases}
    below = {base.name: base.needs for base in bases}
    own = set(below)
    built_from = _built_from(workspace, workloads)
    for package in workloads:
        # A workload that others depend on appears as a base too.
        key = f"workload {package.name}"
        labels[key] = _workload_label(workspace, package, built_from[package.name])
        below[key] = built_from[package.name]
    root = Tree(_shown(str(workspace.root)))
    nodes: dict[str, Tree] = {}

    def place(name: str) -> Tree:
        if name not in nodes:
            parent = place(below[name][0]) if below[name] else root
            nodes[name] = parent.add(labels[name])
        return nodes[name]

    for name in (*sorted(own), *sorted(set(below) - own)):
        place(name)
    console.print(root)
    if not bases:
        console.print("No package is shared, so there is no base image.")


def print_json(
    workspace: Workspace,
    bases: Sequence[DerivedBase],
    requirements: Mapping[str, Requirements],
    workloads: Sequence[Package],
) -> None:
    """Print one object with `bases` and `workloads`, each sorted by name."""
    built_from = _built_from(workspace, workloads)
    content = {
        "root": str(workspace.root),
        "bases": [
            {
                "name": base.name,
                "package": workspace.relative(base.package.folder),
                "needs": list(base.needs),
                "extras": sorted(base.extras),
                "requirements": [workspace.relative(file) for file in requirements[base.name].files],
                "hashes": requirements[base.name].hashed,
                "asked_by": list(base.asked_by),
                "warnings": list(requirements[base.name].warnings),
            }
            for base in bases
        ],
        "workloads": [
            {
                "name": package.name,
                "package": workspace.relative(package.folder),
                "needs": list(built_from[package.name]),
            }
            for package in workloads
        ],
    }
    print(json.dumps(content, indent=2))


def _built_from(workspace: Workspace, workloads: Sequence[Package]) -> dict[str, tuple[str, ...]]:
    names = [package.name for package in workloads]
    return {name: needs_of(workspace, name, workloads=names) for name in names}


def _base_label(workspace: Workspace, base: DerivedBase, requirements: Requirements) -> str:
    extras = f"[{','.join(sorted(base.extras))}]" if base.extras else ""
    files = " and ".join(workspace.relative(file) for file in requirements.files)
    if not requirements.text:
        source = "no requirements"
    else:
        source = f"requirements of {files}, {'with' if requirements.hashed else 'without'} hashes"
    return f"[bold]{_shown(base.name)}[/bold]{_shown(f'{extras}  {source}{_copies(base.needs)}')}"


def _workload_label(workspace: Workspace, package: Package, needs: Sequence[str]) -> str:
    place = f"  workload in {workspace.relative(package.folder)}{_copies(needs)}"
    return f"[green]{_shown(package.name)}[/green]{_shown(place)}"


def _shown(text: str) -> str:
    return escape(printable_line(text))


def _copies(needs: Sequence[str]) -> str:
    return f"; copies from {', '.join(needs[1:])}" if len(needs) > 1 else ""
