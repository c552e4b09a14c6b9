"""`scoped-images prune`: what the deployed image pruner would delete, and deletion by hand."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from scoped_images.command_line.aws_region import aws_region
from scoped_images.command_line.prune_report import print_report
from scoped_images.errors import ScopedImagesError

if TYPE_CHECKING:
    from scoped_images.pruning.aws_calls import AwsCalls
    from scoped_images.pruning.report import Report
    from scoped_images.pruning.settings import PrunerSettings


def prune(
    *,
    env: Annotated[str, typer.Option(help="The environment whose image pruner to ask.")] = "local",
    region: Annotated[
        str | None, typer.Option(help="Where it is deployed.", show_default="as the AWS CLI finds it")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Delete, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show which images would be deleted and why the others stay; with --apply, delete them.

    The repositories, limits and services looked at are those of the deployed function image-pruner-ENV.
    """
    if apply and not yes and not sys.stdin.isatty():
        raise ScopedImagesError("--apply asks before it deletes, and nobody is there to answer: add --yes")
    try:
        from scoped_images.pruning.aws_calls import AwsCalls, IncompleteListing  # noqa: PLC0415
        from scoped_images.pruning.run import make_plan  # noqa: PLC0415
        from scoped_images.pruning.run import prune as run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ScopedImagesError(f"prune needs {error.name}: pip install boto3") from error

    with _progress() as on_call:
        aws = AwsCalls(aws_region(region), on_call=on_call)
        settings = _settings(aws, env)
        try:
            plan = make_plan(aws, settings)
        except IncompleteListing as error:
            raise ScopedImagesError(
                f"what is in use is not known, so nothing is selected: {error}"
            ) from error
        report = run(aws, dataclasses.replace(settings, delete=False), plan=plan)
    wanted = apply and bool(report.selected)
    if wanted and not as_json:
        print_report(report)
    if wanted and not yes:
        wanted = typer.confirm(f"Delete {len(report.selected)} images?", err=True)
    if wanted:
        with _progress() as on_call:
            aws = AwsCalls(aws_region(region), on_call=on_call)
            report = run(aws, dataclasses.replace(settings, delete=True), plan=plan)
    _tell(report, as_json=as_json, shown=apply and bool(report.selected))
    if report.problems:
        raise ScopedImagesError("; ".join(report.problems))


def _tell(report: Report, *, as_json: bool, shown: bool) -> None:
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    elif report.delete:
        freed = report.bytes_freed / 1e9
        print(
            f"{len(report.deleted)} images deleted, up to {freed:.2f} GB freed, {len(report.spared)} spared."
        )
        for image, why in report.spared:
            print(f"spared: {image.repository}@{image.digest}: {why}")
    elif not shown:
        print_report(report)


def _settings(aws: AwsCalls, env: str) -> PrunerSettings:
    from scoped_images.pruning.aws_calls import IncompleteListing  # noqa: PLC0415
    from scoped_images.pruning.settings import PrunerSettings  # noqa: PLC0415

    name = f"image-pruner-{env}"
    try:
        found = aws.call("lambda", "get_function_configuration", FunctionName=name)
    except IncompleteListing as error:
        if error.code == "ResourceNotFoundException":
            raise ScopedImagesError(
                f"there is no function {name} in {aws.region}: deploy environment {env!r} with an ImagePruner, "
                "or name another with --env or --region"
            ) from error
        raise ScopedImagesError(f"cannot read the settings of {name}: {error}") from error
    text = found.get("Environment", {}).get("Variables", {}).get("PRUNER_SETTINGS")
    if not text:
        raise ScopedImagesError(
            f"function {name} has no variable PRUNER_SETTINGS: it was not made by ImagePruner"
        )
    return PrunerSettings.from_text(text)


@contextmanager
def _progress() -> Iterator[Callable[[str, str], None] | None]:
    """A bar on a terminal, nothing elsewhere. How many calls there will be is known only at the end."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} calls"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("Asking AWS", total=None)
        yield lambda service, call: progress.update(
            task, advance=1, description=f"{service} {call.replace('_', ' ')}"
        )
