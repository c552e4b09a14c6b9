"""`scoped-images build`: builds the images of an app that the registry does not have yet, in one `docker buildx bake`."""

from __future__ import annotations

from typing import Annotated

import typer

from scoped_images.command_line.ended_by_signals import ended_by_signals
from scoped_images.command_line.options import progress
from scoped_images.command_line.synth import find_assembly
from scoped_images.platform import Platform


def build(
    *,
    app: Annotated[
        str | None,
        typer.Option(
            "--app",
            "-a",
            metavar="APP",
            help="The command that synthesizes the app, or the folder of a cloud assembly.",
            show_default="as in cdk.json",
        ),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", "-c", metavar="KEY=VALUE", help="Context of the app. May be repeated."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder to synthesize to.", show_default="cdk.out"
        ),
    ] = None,
    builder: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The buildx builder.", show_default="docker's own default"),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(
            metavar="PLATFORM",
            help="Build only the images of linux/amd64 or of linux/arm64.",
            show_default="all",
        ),
    ] = None,
    deploy_first: Annotated[
        bool,
        typer.Option(
            "--deploy-first",
            help="First deploy the stacks of repositories that do not exist. Without a terminal it does not ask.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be built.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Build all images of an app that ECR does not have, and push them, in one docker buildx bake.

    cdk deploy then finds every image and builds none.
    Exit code 1: an image failed.
    Exit code 3: a repository or base image is missing; see --deploy-first.
    """
    if platform is not None:
        Platform.parse(platform, name="--platform")
    # boto3 takes 0.2 s to import, and the other commands do without.
    from scoped_images.command_line.build_run import run_build  # noqa: PLC0415

    with ended_by_signals():
        with progress("Synthesizing"):
            assembly = find_assembly(app, context=context or (), output=output)
        return run_build(
            assembly,
            builder=builder,
            platform=platform,
            deploy_first=deploy_first and not dry_run,
            dry_run=dry_run,
            as_json=as_json,
        )
