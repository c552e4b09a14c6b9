"""`scoped-images bases show`: the base images derived from a workspace."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from scoped_images.bases.derive import derive_bases, find_workloads
from scoped_images.bases.version_conflicts import version_conflicts
from scoped_images.command_line.bases.show_report import print_json, print_tree
from scoped_images.command_line.options import progress
from scoped_images.command_line.say import warn
from scoped_images.workspace.workspace import Workspace


def show(
    *,
    root: Annotated[str, typer.Argument(metavar="[ROOT]", help="The folder with the packages.")] = ".",
    workload: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A package, or a folder of packages, that images are built from. May be repeated.",
            show_default="every package that no other one depends on",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a tree.")] = False,
) -> None:
    """Show the base images derived from the Python packages of a repository, and the workloads built from them."""
    with progress(f"Reading {root}"):
        workspace = Workspace.read(root)
        workloads = find_workloads(workspace, workload)
        bases = derive_bases(workspace, workloads=workload)
        requirements = {base.name: base.requirements() for base in bases}
        for name, conflicts in version_conflicts(bases, requirements).items():
            found = requirements[name]
            requirements[name] = dataclasses.replace(found, warnings=(*found.warnings, *conflicts))
    if as_json:
        print_json(workspace, bases, requirements, workloads)
        return
    for found in requirements.values():
        for warning in found.warnings:
            warn(warning)
    print_tree(workspace, bases, requirements, workloads)
