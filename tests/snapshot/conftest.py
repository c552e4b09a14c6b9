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

ROOT = Path(__file__).parents[2]


class Assembly:
    """A synthesized cloud assembly, by the names of its files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, name: str) -> Any:
        return json.loads((self.directory / name).read_text())

    @property
    def stacks(self) -> list[str]:
        artifacts = self.read("manifest.json")["artifacts"]
        return [
            name for name, artifact in artifacts.items() if artifact["type"] == "aws:cloudformation:stack"
        ]

    def template(self, stack: str) -> Any:
        return self.read(f"{stack}.template.json")

    def resources(self, stack: str, resource_type: str) -> list[Any]:
        """The properties of a stack's resources of one type."""
        return [
            resource["Properties"]
            for resource in self.template(stack)["Resources"].values()
            if resource["Type"] == resource_type
        ]

    def images(self, stack: str) -> dict[str, Any]:
        images: dict[str, Any] = self.read(f"{stack}.assets.json").get("dockerImages", {})
        # The keys of destinations are hashes of hashes, which no pattern could tell from other text.
        return {
            image["displayName"]: {**image, "destinations": list(image["destinations"].values())}
            for image in images.values()
        }

    def asset_dependencies(self, stack: str) -> list[str]:
        dependencies: list[str] = self.read("manifest.json")["artifacts"][f"{stack}.assets"].get(
            "dependencies", []
        )
        return dependencies


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
