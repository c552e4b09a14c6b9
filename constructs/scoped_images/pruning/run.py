"""One run: list, select, look again, then delete or archive."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from scoped_images.pruning.answer import IncompleteListing
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.ecr_images import BATCH, batches, list_images, read_bases
from scoped_images.pruning.ecs_usage import ecs_usage
from scoped_images.pruning.image import ACTIVE, Image, ImageReference
from scoped_images.pruning.lambda_usage import lambda_usage
from scoped_images.pruning.other_usage import other_usage
from scoped_images.pruning.report import Report
from scoped_images.pruning.schedule_usage import scheduled_task_definitions
from scoped_images.pruning.selection import Key, Selection, select_images
from scoped_images.pruning.settings import PrunerSettings
from scoped_images.pruning.stack_usage import stack_usage
from scoped_images.pruning.usage import Usage, Use

# Before a batch, the run looks again if its last look is older than this. On a large account a look takes
# long: then the run may use one for five times as long as it took, but for two minutes at most.
_FRESH_SECONDS = 60.0
_FRESH_LOOKS = 5
_STALE_SECONDS = 120.0

_GONE = "ImageNotFoundException"
_NOT_SUPPORTED = "ImageStorageClassUpdateNotSupportedException"

# The bases of an image, by the image's digest. They never change, so the run reads them once.
Bases = dict[str, tuple[ImageReference, ...]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run will do. missing: repositories that do not exist."""

    images: tuple[Image, ...]
    missing: tuple[str, ...]
    selection: Selection
    bases: Bases


def collect_usage(aws: AwsCalls, settings: PrunerSettings) -> Usage:
    """Return everything that is in use, in each of the settings' regions."""
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
    """List and select without changing anything. Raises IncompleteListing.

    now: the time from which ages are measured, by default the moment at which this starts.
    bases: those that an earlier plan has read.
    """
    now = now or datetime.now(UTC)
    bases = dict(bases or {})
    listed = aws.for_each(settings.repositories, lambda name: list_images(aws, name))
    images = tuple(image for found in listed for image in found or ())
    missing = tuple(name for name, found in zip(settings.repositories, listed, strict=True) if found is None)
    # After the images: an image that is pushed and deployed in between is then not listed.
    usage = collect_usage(aws, settings)
    selection = select_images(images, usage, settings.retention, now=now, bases=bases)
    if any(settings.holds_bases(image.repository) for image in selection.unused):
        usage = Usage.merged([usage, _dependents_usage(aws, settings, bases)])
        # ECR does not return the manifests of archived images.
        readable = {image.key for image in images if image.status == ACTIVE}
        read: set[Key] = set()
        # A base that is kept for its dependents has a base of its own.
        while unread := (selection.kept.keys() & readable) - read:
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
    """Return the bases of images that this pruner only reads."""
    uses = []
    for name in settings.dependents:
        listed = list_images(aws, name)
        if listed is None:
            raise IncompleteListing(
                f"dependents: no such repository, got {name!r}; correct or remove the name"
            )
        keys = [image.key for image in listed if image.status == ACTIVE]
        _read_bases(aws, keys, bases)
        found = {base for _, digest in keys for base in bases.get(digest, ())}
        uses += [Use(base, f"images of {name}, built from it") for base in found]
    return Usage(uses=tuple(uses))


def prune(
    aws: AwsCalls, settings: PrunerSettings, *, plan: Plan | None = None, now: datetime | None = None
) -> Report:
    """Run once and report. After any error the run deletes and archives nothing more.

    plan: one that somebody has seen and agreed to; by default the run makes its own.
    now: the time from which ages are measured, by default the clock.
    """
    archives = settings.retention.archive_days is not None
    report = Report(environment=settings.environment, delete=settings.delete, archives=archives)
    try:
        plan = plan or make_plan(aws, settings, now=now)
        by_key = {image.key: image for image in plan.images}
        report.missing = list(plan.missing)
        report.kept = [(by_key[key], why) for key, why in plan.selection.kept.items()]
        report.selected = list(plan.selection.unused)
        if settings.delete:
            _Deletion(aws, settings, report, now=now, bases=plan.bases).run()
        for image, why in report.kept:
            if image.status != ACTIVE and why.startswith("in use by"):
                report.fail(f"{image.repository}@{image.digest} is {image.status}, but {why}; restore it")
    except IncompleteListing as error:
        # A run that ends before it knows what is in use has failed, even for lack of time.
        report.fail(str(error))
    except Exception as error:  # A mistake in this library must not end the run without its report.
        report.fail(f"{type(error).__name__}: {error}")
    if settings.delete:
        done = {image.key for image in (*report.deleted, *report.archived)}
        done |= {image.key for image, _ in report.spared}
        report.left = [image for image in report.selected if image.key not in done]
    report.seconds = time.time() - report.started
    return report


class _Deletion:
    """Deletes or archives what a report has selected, in batches, each after a fresh look at what is in use."""

    def __init__(
        self, aws: AwsCalls, settings: PrunerSettings, report: Report, *, now: datetime | None, bases: Bases
    ) -> None:
        self._bases = bases
        self._now = now
        self._aws = aws
        self._settings = settings
        self._report = report
        self._stale_at = float("-inf")
        self._selection = Selection(kept={}, archived=(), deleted=())
        self._to_archive: frozenset[Key] = frozenset()
        self._to_delete: frozenset[Key] = frozenset()

    def run(self) -> None:
        for repository, images in groupby(self._report.selected, key=lambda image: image.repository):
            for batch in batches(images, BATCH):
                if self._aws.time_is_up():
                    self._report.run_out_of_time()
                    return
                self._look_again(batch)
                self._archive([image for image in batch if image.key in self._to_archive])
                self._delete(repository, [image for image in batch if image.key in self._to_delete])

    def _look_again(self, batch: list[Image]) -> None:
        """List everything again: a tag may have moved, or a new index may list an old child."""
        if time.monotonic() > self._stale_at:
            started = time.monotonic()
            plan = make_plan(self._aws, self._settings, now=self._now, bases=self._bases)
            self._selection = plan.selection
            self._bases = plan.bases
            self._to_archive = frozenset(image.key for image in plan.selection.archived)
            self._to_delete = frozenset(image.key for image in plan.selection.deleted)
            looked = time.monotonic()
            self._stale_at = looked + min(
                _STALE_SECONDS, max(_FRESH_SECONDS, _FRESH_LOOKS * (looked - started))
            )
        for image in batch:
            if image.key not in self._to_archive | self._to_delete:
                why = self._selection.kept.get(image.key, "deleted since it was selected")
                self._report.spared.append((image, why))

    def _archive(self, batch: list[Image]) -> None:
        for image in batch:
            if self._aws.time_is_up():
                self._report.run_out_of_time()
                return
            try:
                self._aws.call(
                    "ecr",
                    "update_image_storage_class",
                    repositoryName=image.repository,
                    imageId={"imageDigest": image.digest},
                    targetStorageClass="ARCHIVE",
                )
            except IncompleteListing as error:
                if error.code not in (_GONE, _NOT_SUPPORTED):
                    raise
                # One image that ECR cannot archive must not keep all others out of the archive for good.
                self._report.spared.append((image, error.code))
                if error.code != _GONE:
                    self._report.fail(f"{image.repository}@{image.digest}: {error}")
            else:
                self._report.archived.append(image)

    def _delete(self, repository: str, batch: list[Image]) -> None:
        if not batch:
            return
        answer = self._aws.call(
            "ecr",
            "batch_delete_image",
            repositoryName=repository,
            imageIds=[{"imageDigest": image.digest} for image in batch],
        )
        failures = {
            failure.part("imageId").text("imageDigest"): failure
            for failure in answer.optional_parts("failures")
        }
        for image in batch:
            failure = failures.get(image.digest)
            if failure is None:
                self._report.deleted.append(image)
                continue
            code = failure.text("failureCode")
            reason = f"{code}: {failure.fields.get('failureReason')}"
            self._report.spared.append((image, reason))
            if code != "ImageNotFound":
                self._report.fail(f"{answer.source} of {repository}@{image.digest}: {reason}")
