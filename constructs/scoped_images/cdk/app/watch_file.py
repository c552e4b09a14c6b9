"""Writes what `cdk watch` should observe into the cloud assembly, for `scoped-images watch`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.watch_patterns import WATCH_FILE, watch_patterns
from scoped_images.json_file import write_json


def write_watch_file(outdir: Path, contexts: Iterable[ScopedContext]) -> None:
    """Write the patterns of all contexts and of the Python files that synth has imported."""
    modules = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())} - {""}
    write_json(outdir / WATCH_FILE, {"include": watch_patterns(contexts, modules, folder=Path.cwd())})
