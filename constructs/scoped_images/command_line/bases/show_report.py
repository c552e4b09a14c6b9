"""Prints a graph of base images as a tree or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from scoped_images.bases.declaration import BaseDeclaration
from scoped_images.bases.graph import BaseGraph
from scoped_images.command_line.say import say_json
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.printable import printable_line
from scoped_images.workspace.package import Package

# Do not fold lines in a pipe.
_WIDE = 10_000


def print_tree(graph: BaseGraph, *, way_out: str = "") -> None:
    """Print each base below the one that it is built FROM, and each workload below the base that it is built FROM.

    way_out: what to say after the sentence that there are no bases.
    """
    if sys.stdout.isatty():
        console = Console(highlight=False)
    else:
        console = Console(highlight=False, width=_WIDE, color_system=None, emoji=False)
    labels = {name: _base_label(graph, declaration) for name, declaration in graph.declarations.items()}
    below = {name: declaration.needs for name, declaration in graph.declarations.items()}
    own = set(below)
    for package in graph.workloads:
        # A workload that others depend on appears as a base too.
        key = f"workload {package.name}"
        below[key] = graph.needs_of(package.folder)
        labels[key] = _workload_label(graph, package, below[key])
    root = Tree(_shown(str(graph.workspace.root) if graph.workspace else "base images"))
    nodes: dict[str, Tree] = {}

    def place(name: str) -> Tree:
        if name not in nodes:
            parent = place(below[name][0]) if below[name] else root
            nodes[name] = parent.add(labels[name])
        return nodes[name]

    for name in (*sorted(own), *sorted(set(below) - own)):
        place(name)
    console.print(root)
    if not own:
        console.print(f"No package is shared, so there is no base image.{way_out}")


def print_json(graph: BaseGraph) -> None:
    """Print one object with `bases` and `workloads`, each sorted by name."""
    content = {
        "root": str(graph.workspace.root) if graph.workspace else None,
        "bases": [_base(graph, declaration) for declaration in graph.declarations.values()],
        "workloads": [
            {
                "name": package.name,
                "package": _relative(graph, package.folder),
                "needs": list(graph.needs_of(package.folder)),
            }
            for package in graph.workloads
        ],
    }
    say_json(content)


def _base(graph: BaseGraph, declaration: BaseDeclaration) -> dict[str, Any]:
    context, derived = declaration.context, declaration.derived
    found = {
        "name": declaration.name,
        "needs": list(declaration.needs),
        "platforms": [str(platform) for platform in declaration.platforms],
        "declared": derived is None,
        "warnings": list(context.warnings) if isinstance(context, ScopedContext) else [],
    }
    if derived is None:
        return found
    return {
        **found,
        "packages": [_relative(graph, package.folder) for package in derived.packages],
        "extras": list(derived.extras),
        "requirements": [_relative(graph, file) for file in derived.requirements.files],
        "hashes": derived.requirements.hashed,
        "asked_by": list(derived.reach.asked_by(derived.name)),
    }


def _base_label(graph: BaseGraph, declaration: BaseDeclaration) -> str:
    name, derived = _shown(declaration.name), declaration.derived
    if derived is None:
        return f"[bold]{name}[/bold]{_shown(f'  declared by hand{_copies(declaration.needs)}')}"
    requirements = derived.requirements
    files = " and ".join(_relative(graph, file) for file in requirements.files)
    if not requirements.lines:
        source = "no requirements"
    else:
        source = f"requirements of {files}, {'with' if requirements.hashed else 'without'} hashes"
    others = [package.name for package in derived.packages[1:]]
    parts = [
        f"[{','.join(derived.extras)}]" if derived.extras else "",
        f" with {', '.join(others)}" if others else "",
        f"  {source}{_copies(declaration.needs)}",
    ]
    return f"[bold]{name}[/bold]{_shown(''.join(parts))}"


def _workload_label(graph: BaseGraph, package: Package, needs: Sequence[str]) -> str:
    place = f"  workload in {_relative(graph, package.folder)}{_copies(needs)}"
    return f"[green]{_shown(package.name)}[/green]{_shown(place)}"


def _relative(graph: BaseGraph, path: Path) -> str:
    return graph.workspace.relative(path) if graph.workspace else str(path)


def _shown(text: str) -> str:
    return escape(printable_line(text))


def _copies(needs: Sequence[str]) -> str:
    return f"; copies from {', '.join(needs[1:])}" if len(needs) > 1 else ""
