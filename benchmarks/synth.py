"""Synthesizes one app and prints its seconds and bytes: `python -m benchmarks.synth KIND ROOT IMAGES OUT`."""

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

from benchmarks.repository import Repository, size_of

# CloudFormation accepts 500 resources a stack.
_IMAGES_PER_STACK = 100


def stock_root(scope: Construct, root: Path, service: int) -> None:
    """Add CDK's asset of the repository's root."""
    DockerImageAsset(scope, "Asset", directory=str(root), file=Repository.dockerfile(service))


def stock_folder(scope: Construct, root: Path, service: int) -> None:
    """Add CDK's asset of a folder with only the image's files."""
    DockerImageAsset(scope, "Asset", directory=str(root / Repository.folder(service)))


def scoped_image(scope: Construct, root: Path, service: int) -> None:
    """Add the library's construct with the repository's root."""
    from scoped_images import Platform, ScopedContext, ScopedImage  # noqa: PLC0415 (the others do not need it)

    platform = Platform.LINUX_ARM64
    context = ScopedContext.from_dockerfile(root, Repository.dockerfile(service), platform=platform)
    ScopedImage(scope, "Image", context=context, platform=platform)


def deploy_time_build(scope: Construct, root: Path, service: int) -> None:
    """Add a peer, which builds in CodeBuild from an asset of the root while the stack deploys."""
    from deploy_time_build import ContainerImageBuild  # noqa: PLC0415

    ContainerImageBuild(scope, "Image", directory=str(root), file=Repository.dockerfile(service))


def token_injectable(scope: Construct, root: Path, service: int) -> None:
    """Add another such peer, whose build arguments may be tokens."""
    from token_injectable_docker_builder import (  # noqa: PLC0415
        TokenInjectableDockerBuilder,
    )

    TokenInjectableDockerBuilder(scope, "Image", path=str(root), file=Repository.dockerfile(service))


KINDS: dict[str, Callable[[Construct, Path, int], None]] = {
    kind.__name__: kind
    for kind in (stock_root, stock_folder, scoped_image, deploy_time_build, token_injectable)
}


def synth(kind: str, root: Path, images: int, out: Path) -> float:
    """Return the seconds from a new app to its cloud assembly."""
    start = time.perf_counter()
    app = cdk.App(outdir=str(out))
    place = cdk.Environment(account="111111111111", region="eu-west-1")
    for first in range(0, images, _IMAGES_PER_STACK) or (0,):
        stack = cdk.Stack(app, f"Stack{first}", env=place)
        for number in range(first, min(images, first + _IMAGES_PER_STACK)):
            KINDS[kind](Construct(stack, f"Service{number}"), root, number)
    app.synth()
    return time.perf_counter() - start


def main() -> None:
    """Print the seconds that the images add to an app without images, after jsii has loaded its classes."""
    kind, root, images, out = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    # A small root loads the classes, and leaves no results in caches.
    warm = Repository(out / "warm-root")
    warm.generate_services(1)
    synth(kind, warm.root, 1, out / "warm")
    floor = median(synth(kind, root, 0, out / f"floor-{number}") for number in range(5))
    seconds = synth(kind, root, images, out / "measured") - floor
    print(json.dumps({"seconds": seconds, "bytes": size_of(out / "measured") - size_of(out / "floor-0")}))


if __name__ == "__main__":
    main()
