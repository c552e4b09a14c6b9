"""Loads the graph of base images that an app declares in Python."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.bases.graph import BaseGraph
from scoped_images.command_line.options import progress, refuse_beside
from scoped_images.errors import ScopedImagesError

# Said where a base is missing from the graph that the repository's packages give.
OTHER_GRAPH = "only your app makes, such as with workload_bases=True, pass --graph FILE.py:NAME"

_FORM = "FILE.py:NAME, where NAME is a BaseGraph or a function without arguments that returns one"


def load_graph(given: str) -> BaseGraph:
    """Return the graph that `FILE.py:NAME` names."""
    path, _, name = given.rpartition(":")
    file = Path(path)
    if not path or not name or not file.is_file():
        raise ScopedImagesError(f"--graph: must be {_FORM}, got {given!r}")
    found = getattr(_module(file), name, None)
    graph = found() if callable(found) else found
    if not isinstance(graph, BaseGraph):
        raise ScopedImagesError(f"--graph: must be {_FORM}, got {given!r}, which is {type(graph).__name__}")
    return graph


def find_base(name: str | None, root: str, graph: str | None, *others: object) -> DerivedBase | None:
    """Return the base of --base in the graph of --graph, by default that of the packages below `root`.

    others: the options that say nothing about a derived base.
    """
    if name is None:
        if graph is not None:
            raise ScopedImagesError(
                f"--graph: must be given with --base, got {graph!r} without it; name a base image"
            )
        return None
    refuse_beside("--base", name, *others)
    with progress(f"Reading {graph or root}"):
        declarations = (load_graph(graph) if graph else BaseGraph.from_workspace(root)).declarations
    derived = {each.name: each.derived for each in declarations.values() if each.derived is not None}
    if name not in derived:
        raise ScopedImagesError(
            f"--base: must be a base image that is derived from a package, got {name!r}; known are "
            f"{', '.join(derived) or 'none'}{'' if graph else f'; for one that {OTHER_GRAPH}'}"
        )
    return derived[name]


def _module(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(file.stem, file.resolve())
    if spec is None or spec.loader is None:
        raise ScopedImagesError(f"--graph: must be {_FORM}, got the file {str(file)!r}")
    module = importlib.util.module_from_spec(spec)
    # As `python FILE.py` does, so that the file can import its neighbours.
    sys.path.insert(0, str(file.resolve().parent))
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    except ScopedImagesError:
        raise
    except (Exception, SystemExit) as error:
        raise ScopedImagesError(
            f"--graph: cannot import {file}: {type(error).__name__}: {error}; make the graph in a file of its own, "
            "which the app imports, and name that file"
        ) from error
    finally:
        sys.path.pop(0)
    return module
