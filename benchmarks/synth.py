"""Synthesizes one app in a process of its own: `python -m benchmarks.synth KIND ROOT IMAGES OUT`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import aws_cdk as cdk
from aws_cdk.aws_ecr_assets import DockerImageAsset
from constructs import Construct

from benchmarks.repository import Repository, count
from scoped_images.cdk.builder import ImageBuild
from scoped_images.cdk.local_builder import LocalBuilder
from scoped_images.cdk.scoped_image import ScopedImage
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.image.spec import ImageSpec
from scoped_images.platform import Platform

_PLATFORM = Platform.LINUX_ARM64


def stock(scope: Construct, root: Path, dockerfile: str) -> None:
    """CDK's asset on the repository's root."""
    DockerImageAsset(scope, "Asset", directory=str(root), file=dockerfile)


def scoped_asset(scope: Construct, root: Path, dockerfile: str) -> None:
    """The same kind of asset on the scoped context."""
    context = ScopedContext.from_dockerfile(root, dockerfile, platform=_PLATFORM)
    spec = ImageSpec(context=context, platform=_PLATFORM)
    LocalBuilder().build(scope, "Asset", ImageBuild(spec=spec, cache=None, repository=None))


def scoped_image(scope: Construct, root: Path, dockerfile: str) -> None:
    """The whole construct, which also looks up the image's digest."""
    context = ScopedContext.from_dockerfile(root, dockerfile, platform=_PLATFORM)
    ScopedImage(scope, "Image", context=context, platform=_PLATFORM)


KINDS: dict[str, Callable[[Construct, Path, str], None]] = {
    "stock": stock,
    "scoped-asset": scoped_asset,
    "scoped-image": scoped_image,
}


def synth(kind: str, root: Path, images: int, out: Path) -> float:
    """Seconds from a new app to its cloud assembly."""
    start = time.perf_counter()
    app = cdk.App(outdir=str(out))
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    for number in range(images):
        KINDS[kind](Construct(stack, f"Service{number}"), root, Repository.dockerfile(number))
    app.synth()
    return time.perf_counter() - start


def main() -> None:
    """Print what the images add to an app without any, jsii and its classes loaded before."""
    kind, root, images, out = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    synth(kind, root, 0, out / "warm")
    floor = median(synth(kind, root, 0, out / f"floor-{number}") for number in range(5))
    seconds = synth(kind, root, images, out / "measured") - floor
    print(json.dumps({"seconds": seconds, "bytes": count(out / "measured")[1] - count(out / "warm")[1]}))


if __name__ == "__main__":
    main()
