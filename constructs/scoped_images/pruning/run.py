"""One run: list, select, look again, delete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from scoped_images.pruning.aws_calls import AwsCalls, IncompleteListing
from scoped_images.pruning.ecr_images import BATCH, batches, list_images, read_bases
from scoped_images.pruning.ecs_usage import ecs_usage
from scoped_images.pruning.image import Image, ImageReference
from scoped_images.pruning.lambda_usage import lambda_usage
from scoped_images.pruning.other_usage import other_usage
from scoped_images.pruning.report import Report
from scoped_images.pruning.schedule_usage import scheduled_task_definitions
from scoped_images.pruning.selection import Key, Selection, select_images
from scoped_images.pruning.settings import PrunerSettings
from scoped_images.pruning.stack_usage import stack_usage
from scoped_images.pruning.usage import Usage, Use

# What was looked up longer ago is looked up again before a batch; not so often that looking takes more than a
# fifth of the time, unless that would be longer than two minutes.
_FRESH_SECONDS = 60.0
_FRESH_LOOKS = 5
_STALE_SECONDS = 120.0


# What an image was built from, by its digest: it never changes, so no image is asked twice.
Bases = dict[str, tuple[ImageReference, ...]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run means to do. missing: repositories that do not exist (any more)."""

    images: tuple[Image, ...]
    missing: tuple[str, ...]
    selection: Selection
    bases: Bases


def collect_usage(aws: AwsCalls, settings: PrunerSettings) -> Usage:
    """Everything that is in use, in each of the settings' regions."""
    parts = []
    for region in settings.regions:
        there = aws.in_region(region)
        window = settings.retention.rollback_window
        parts += [
            lambda_usage(there),
            ecs_usage(there, rollback_window=window, scheduled=scheduled_task_definitions(there)),
            stack_usage(there),
            other_usage(there, settings.services),
        ]
    return Usage.merged(parts)


def make_plan(
    aws: AwsCalls, settings: PrunerSettings, *, now: datetime | None = None, bases: Bases | None = None
) -> Plan:
    """List and select; changes nothing. Raises IncompleteListing.

    now: what ages are measured from, by default the moment at which this starts.
    bases: those that an earlier plan has read.
    """
    now = now or datetime.now(UTC)
    bases = dict(bases or {})
    listed = aws.for_each(settings.repositories, lambda name: list_images(aws, name))
    images = tuple(image for found in listed for image in found or ())
    missing = tuple(name for name, found in zip(settings.repositories, listed, strict=True) if found is None)
    # After the images: what is pushed and deployed in between is then not among them.
    usage = collect_usage(aws, settings)
    selection = select_images(images, usage, settings.retention, now=now, bases=bases)
    if any(settings.holds_bases(image.repository) for image in selection.deleted):
        usage = Usage.merged([usage, _dependents_usage(aws, settings, bases)])
        read: set[Key] = set()
        # A base that is kept for its dependents has a base of its own.
        while unread := selection.kept.keys() - read:
            _read_bases(aws, unread, bases)
            read |= unread
            selection = select_images(images, usage, settings.retention, now=now, bases=bases)
    return Plan(images=images, missing=missing, selection=selection, bases=bases)


def _read_bases(aws: AwsCalls, images: Iterable[Key], bases: Bases) -> None:
    """Add the bases of `images` to `bases`."""
    unknown = sorted(key for key in images if key[1] not in bases)
    for repository, keys in groupby(unknown, key=lambda key: key[0]):
        bases |= read_bases(aws, repository, [digest for _, digest in keys])


def _dependents_usage(aws: AwsCalls, settings: PrunerSettings, bases: Bases) -> Usage:
    """Images that are never pruned here, but were built from some that are."""
    uses = []
    for name in settings.dependents:
        listed = list_images(aws, name)
        if listed is None:
            raise IncompleteListing(
                f"repository {name}, whose images may stand on pruned ones, does not exist: mend dependents"
            )
        keys = [image.key for image in listed]
        _read_bases(aws, keys, bases)
        found = {base for _, digest in keys for base in bases.get(digest, ())}
        uses += [Use(base, f"images of {name}, built from it") for base in found]
    return Usage(uses=tuple(uses))


def prune(
    aws: AwsCalls,
    settings: PrunerSettings,
    *,
    plan: Plan | None = None,
    now: datetime | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> Report:
    """Run once and report. Whatever goes wrong is in the report, and then nothing more is deleted.

    plan: one that somebody has seen and agreed to; by default it is made now.
    now: what ages are measured from, by default the clock.
    on_batch: told of how many more images has been decided.
    """
    report = Report(environment=settings.environment, delete=settings.delete)
    try:
        plan = plan or make_plan(aws, settings, now=now)
        by_key = {image.key: image for image in plan.images}
        report.missing = list(plan.missing)
        report.kept = [(by_key[key], why) for key, why in plan.selection.kept.items()]
        report.selected = list(plan.selection.deleted)
        if settings.delete:
            _Deletion(aws, settings, report, now=now, bases=plan.bases).run(on_batch)
    except IncompleteListing as error:
        # Time that ran out before anything was known is a failure too, and not work left for the next run.
        report.fail(str(error))
    except Exception as error:  # An answer in an unknown shape must not end the run without its report.
        report.fail(f"{type(error).__name__}: {error}")
    if settings.delete:
        done = {image.key for image in report.deleted} | {image.key for image, _ in report.spared}
        report.left = [image for image in report.selected if image.key not in done]
    report.seconds = time.time() - report.started
    return report


class _Deletion:
    """Deletes what a report has selected, batch by batch, each on a fresh look at what is in use."""

    def __init__(
        self,
        aws: AwsCalls,
        settings: PrunerSettings,
        report: Report,
        *,
        now: datetime | None,
        bases: Bases,
    ) -> None:
        self._bases = bases
        self._now = now
        self._aws = aws
        self._settings = settings
        self._report = report
        self._stale_at = float("-inf")
        self._selection = Selection(kept={}, deleted=())
        self._deletable: frozenset[Key] = frozenset()

    def run(self, on_batch: Callable[[int], None] | None) -> None:
        for repository, images in groupby(self._report.selected, key=lambda image: image.repository):
            for batch in batches(images, BATCH):
                if self._aws.time_is_up():
                    self._report.run_out_of_time()
                    return
                self._delete(repository, self._still_deletable(batch))
                if on_batch:
                    on_batch(len(batch))

    def _still_deletable(self, batch: list[Image]) -> list[Image]:
        """All over again and not only the uses: a tag may have moved, or an index come to list an old child."""
        if time.monotonic() > self._stale_at:
            started = time.monotonic()
            plan = make_plan(self._aws, self._settings, now=self._now, bases=self._bases)
            self._selection = plan.selection
            self._bases = plan.bases
            self._deletable = frozenset(image.key for image in self._selection.deleted)
            looked = time.monotonic()
            self._stale_at = looked + min(
                _STALE_SECONDS, max(_FRESH_SECONDS, _FRESH_LOOKS * (looked - started))
            )
        for image in batch:
            if image.key not in self._deletable:
                why = self._selection.kept.get(image.key, "gone since it was selected")
                self._report.spared.append((image, why))
        return [image for image in batch if image.key in self._deletable]

    def _delete(self, repository: str, batch: list[Image]) -> None:
        if not batch:
            return
        answer = self._aws.call(
            "ecr",
            "batch_delete_image",
            repositoryName=repository,
            imageIds=[{"imageDigest": image.digest} for image in batch],
        )
        failures: dict[str, dict[str, Any]] = {
            failure["imageId"]["imageDigest"]: failure for failure in answer.get("failures", ())
        }
        for image in batch:
            failure = failures.get(image.digest)
            if failure is None:
                self._report.deleted.append(image)
                continue
            reason = f"{failure.get('failureCode')}: {failure.get('failureReason')}"
            self._report.spared.append((image, reason))
            if failure.get("failureCode") != "ImageNotFound":
                self._report.fail(f"ecr batch_delete_image of {repository}@{image.digest}: {reason}")
