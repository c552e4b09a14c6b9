"""What `scoped-images prune` does, with the settings of the deployed function."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.progress import BarColumn, TextColumn

from scoped_images.command_line.aws_region import aws_region
from scoped_images.command_line.progress import progress_bar
from scoped_images.command_line.prune_report import print_report
from scoped_images.command_line.say import say, say_json
from scoped_images.errors import ScopedImagesError
from scoped_images.pruning.answer import IncompleteListing
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.report import Report
from scoped_images.pruning.run import make_plan, prune
from scoped_images.pruning.run_id import RunId
from scoped_images.pruning.settings import PrunerSettings
from scoped_images.pruning.undo import archived_by, restore


def run_pruner(*, env: str, region: str | None, apply: bool, yes: bool, as_json: bool) -> None:
    """Print the report of a dry run; with `apply`, delete or archive and print the report of that."""
    with _calls(region, env) as aws:
        settings = _settings(aws, env)
        try:
            plan = make_plan(aws, settings)
        except IncompleteListing as error:
            raise ScopedImagesError(f"cannot tell what is in use, so nothing is selected: {error}") from error
        report = prune(aws, dataclasses.replace(settings, delete=False), plan=plan)
    apply = apply and bool(report.selected)
    if not as_json:
        print_report(report)
    if apply and not yes:
        verb = "Archive or delete" if report.archives else "Delete"
        apply = typer.confirm(f"{verb} {len(report.selected)} images?", err=True)
    if apply:
        with _calls(region, env) as aws:
            report = prune(aws, dataclasses.replace(settings, delete=True), plan=plan)
        if not as_json:
            _print_result(report, env)
    if as_json:
        say_json(report.to_json())
    if report.problems:
        raise ScopedImagesError("; ".join(report.problems))


def undo_run(run: str, *, env: str, region: str | None, yes: bool, as_json: bool) -> None:
    """Restore the images that `run` archived and that are still in the archive."""
    parsed = RunId.parse(run)
    try:
        with _calls(region, env) as aws:
            images = archived_by(aws, _settings(aws, env), parsed)
        if not images:
            raise ScopedImagesError(
                f"--undo: no image in the archive is from this run, got {run!r}; see `run` in the pruner's report"
            )
        if yes or typer.confirm(f"Restore {len(images)} images?", err=True):
            with _calls(region, env) as aws:
                restore(aws, images)
        else:
            images = []
    except IncompleteListing as error:
        raise ScopedImagesError(f"cannot restore: {error}") from error
    if as_json:
        say_json({"run": run, "restored": [f"{one.repository}@{one.digest}" for one in images]})
    else:
        say(f"{len(images)} images are being restored. ECR takes up to 20 minutes.")


def _print_result(report: Report, env: str) -> None:
    say(
        f"{len(report.archived)} images archived, {len(report.deleted)} images deleted, "
        f"up to {report.bytes_freed / 1e9:.2f} GB freed, {len(report.spared)} spared."
    )
    for image, why in report.spared:
        say(f"spared: {image.repository}@{image.digest}: {why}")
    if report.archived:
        say(f"To restore what this run archived: scoped-images prune --env {env} --undo {report.run}")


def _settings(aws: AwsCalls, env: str) -> PrunerSettings:
    name = f"image-pruner-{env}"
    try:
        found = aws.call("lambda", "get_function_configuration", FunctionName=name)
        variables = found.part("Environment").part("Variables")
    except IncompleteListing as error:
        if error.code == "ResourceNotFoundException":
            raise ScopedImagesError(
                f"--env: no function {name} in {aws.region}, got {env!r}; deploy it with an ImagePruner, or give another "
                "--env or --region"
            ) from error
        raise ScopedImagesError(f"cannot read the settings of {name}: {error}") from error
    if not variables.fields.get("PRUNER_SETTINGS"):
        raise ScopedImagesError(
            f"--env: function {name} has no variable PRUNER_SETTINGS, got {env!r}; deploy it with an ImagePruner"
        )
    return PrunerSettings.from_text(variables.text("PRUNER_SETTINGS"))


@contextmanager
def _calls(region: str | None, env: str) -> Iterator[AwsCalls]:
    """Yield calls; a terminal shows how many have been made. The number of all of them is known only at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} calls"))
    with progress_bar(*columns) as progress:
        task = progress.add_task("Calling AWS", total=None)

        def on_call(service: str, call: str) -> None:
            progress.update(task, advance=1, description=f"{service} {call.replace('_', ' ')}")

        yield AwsCalls(aws_region(region, env=env), on_call=on_call)
