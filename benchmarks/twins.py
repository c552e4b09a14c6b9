"""Measures what the library adds to the app of this project: `cdk synth --app "python -m benchmarks.twins"`.

It synthesizes the app with CDK's own image assets, and then with the library's images. The difference is the library's:
its import, its constructs, and what they make CDK do. BENCH_OWN_SECONDS names the file for the seconds.
"""

from __future__ import annotations

import importlib
import os
import re
import tempfile
from pathlib import Path
from unittest.mock import patch

import aws_cdk as cdk
from aws_cdk.aws_ecr_assets import DockerImageAsset
from aws_cdk.aws_ecs import ContainerImage
from aws_cdk.aws_lambda import DockerImageCode
from constructs import Construct

from benchmarks.results import seconds_of

_ROOT = Path(__file__).parents[1]
_RECEIPTS = "stacks.receipts"


class StockImages:
    """The part of WorkspaceImages that the app uses, with an asset of each workload's folder: no base, no repository."""

    def __init__(self, *_: object, **__: object) -> None:
        self.stacks: list[cdk.Stack] = []

    def image(self, scope: Construct, construct_id: str, folder: str, *, dockerfile: str) -> StockImage:
        """Add an asset."""
        directory = _ROOT / folder
        file = os.path.relpath(_ROOT / dockerfile, directory)
        return StockImage(DockerImageAsset(scope, construct_id, directory=str(directory), file=file))

    def add_outputs(self) -> None:
        """Add none."""


class StockImage:
    """The part of ScopedImage that the app uses."""

    def __init__(self, asset: DockerImageAsset) -> None:
        self._asset = asset

    def to_lambda_code(self) -> DockerImageCode:
        """Return the asset for a function."""
        return DockerImageCode.from_ecr(self._asset.repository, tag_or_digest=self._asset.image_tag)

    def to_container_image(self) -> ContainerImage:
        """Return the asset for a container."""
        return ContainerImage.from_docker_image_asset(self._asset)


def main() -> None:
    """Load what every app loads, then measure."""
    for file in (_ROOT / "stacks").glob("*.py"):
        for module in re.findall(r"^from aws_cdk import (aws_\w+)", file.read_text(), re.MULTILINE):
            importlib.import_module(f"aws_cdk.{module}")
    # The first call to JavaScript loads what checks the types of arguments.
    cdk.Duration.days(1)
    imported = seconds_of(lambda: importlib.import_module(_RECEIPTS))
    with tempfile.TemporaryDirectory() as folder, patch(f"{_RECEIPTS}.WorkspaceImages", StockImages):
        # It loads the JavaScript of CDK's constructs.
        _synth(cdk.App(outdir=f"{folder}/first"))
        stock = seconds_of(lambda: _synth(cdk.App(outdir=f"{folder}/second")))
    from scoped_images import OrderedAssets  # noqa: PLC0415 - its import is measured

    ours = seconds_of(lambda: _synth(cdk.App(default_stack_synthesizer=OrderedAssets())))
    Path(os.environ["BENCH_OWN_SECONDS"]).write_text(str(imported + ours - stock))


def _synth(app: cdk.App) -> None:
    from stacks.environment import AppEnvironment  # noqa: PLC0415
    from stacks.receipts import add_stacks  # noqa: PLC0415

    name = app.node.try_get_context("env")
    add_stacks(app, AppEnvironment.read(app.node.try_get_context("environments"), name))
    app.synth()


if __name__ == "__main__":
    main()
