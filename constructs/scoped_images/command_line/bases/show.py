"""`scoped-images bases show`: the base images of a repository and the workloads built from them."""

from __future__ import annotations

from typing import Annotated

import typer

from scoped_images.bases.derived_base import PUBLIC_IMAGE
from scoped_images.bases.graph import BaseGraph
from scoped_images.command_line.bases.load_graph import OTHER_GRAPH, load_graph
from scoped_images.command_line.bases.show_report import print_json, print_tree
from scoped_images.command_line.options import Graph, progress, refuse_beside
from scoped_images.command_line.say import warn
from scoped_images.context.scoped_context import ScopedContext


def show(
    *,
    root: Annotated[str, typer.Argument(metavar="ROOT", help="The folder with the packages.")] = ".",
    workload: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A package or folder that images are built from. May be repeated.",
            show_default="every package that no other one depends on",
        ),
    ] = None,
    package: Annotated[
        list[str] | None,
        typer.Option(metavar="FOLDER", help="Read only packages in this folder or pattern. May be repeated."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Skip these folders. May be repeated.")
    ] = None,
    public_image: Annotated[
        str, typer.Option(metavar="IMAGE", help="The image that bases are built from.")
    ] = PUBLIC_IMAGE,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="X.Y", help="The Python version of that image.", show_default="what its tag says"
        ),
    ] = None,
    graph: Graph = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a tree.")] = False,
) -> None:
    """Show the base images of a repository, and the workloads built from them."""
    refuse_beside("--graph", graph, workload, package, exclude, python, public_image != PUBLIC_IMAGE)
    with progress(f"Reading {graph or root}"):
        shown = (
            load_graph(graph)
            if graph is not None
            else BaseGraph.from_workspace(
                root,
                workloads=workload,
                packages=package,
                exclude=exclude or (),
                public_image=public_image,
                python=python,
            )
        )
    if as_json:
        print_json(shown)
        return
    for warning in shown.warnings:
        warn(warning)
    for declaration in shown.declarations.values():
        for warning in declaration.context.warnings if isinstance(declaration.context, ScopedContext) else ():
            warn(warning)
    print_tree(shown, way_out="" if graph else f" For bases that {OTHER_GRAPH}.")
