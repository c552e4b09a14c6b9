"""Synthesizes each environment once for all snapshot tests."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from scoped_images import OrderedAssets
from stacks.environment import AppEnvironment
from stacks.receipts import add_stacks
from tests.snapshot.assembly import Assembly

ROOT = Path(__file__).parents[2]


@cache
def _synthesize(name: str, outdir: Path) -> Assembly:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(
        outdir=str(outdir), context={**context, "env": name}, default_stack_synthesizer=OrderedAssets()
    )
    add_stacks(app, AppEnvironment.read(context["environments"], name))
    app.synth()
    return Assembly(outdir)


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Any:
    base = tmp_path_factory.mktemp("assemblies")
    return lambda name: _synthesize(name, base / name)
