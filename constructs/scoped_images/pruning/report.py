"""What a run found and did, as JSON for the log and as numbers for CloudWatch."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from scoped_images.pruning.image import Image
from scoped_images.pruning.run_id import RunId
from scoped_images.pruning.settings import METRICS_NAMESPACE

# A log event of CloudWatch takes 1 MB. With more kept images the report counts them and names none.
_MAX_NAMED = 800
# https://aws.amazon.com/ecr/pricing/: per GB-month; layers that images share are billed once.
_DOLLARS_PER_GB_MONTH = 0.10

# How the reasons start that end in the name of something.
_KINDS = (
    "in use by",
    "index of an image in use by",
    "one of the last releases of",
    "part of index",
    "may be part of index",
    "attached to",
    "base of",
    "tag",
)

Outcome = Literal["done", "failed", "out of time"]


def monthly_cost(size: int) -> float:
    """Return the dollars for `size` bytes in ECR: an upper bound, since each image counts its shared layers."""
    return size / 1e9 * _DOLLARS_PER_GB_MONTH


@dataclass(kw_only=True)
class Report:
    """One run.

    delete: False for a dry run.
    archives: True if the run archives unused images in place of deleting them.
    selected: images that a dry run would delete or archive.
    spared: images that were selected and stay after all, each with the reason.
    left: images that the run had no time for.
    """

    environment: str
    delete: bool
    archives: bool = False
    started: float = field(default_factory=time.time)
    outcome: Outcome = "done"
    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    kept: list[tuple[Image, str]] = field(default_factory=list)
    selected: list[Image] = field(default_factory=list)
    archived: list[Image] = field(default_factory=list)
    deleted: list[Image] = field(default_factory=list)
    spared: list[tuple[Image, str]] = field(default_factory=list)
    left: list[Image] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def run(self) -> RunId:
        """Return the name by which this run can be undone."""
        return RunId(datetime.fromtimestamp(self.started, UTC), math.ceil(self.seconds))

    @property
    def bytes_freed(self) -> int:
        """Return the sum of the deleted images' sizes: an upper bound, since other images may share layers."""
        return sum(image.size for image in self.deleted)

    def fail(self, problem: str) -> None:
        """Add a problem; the run counts as failed."""
        self.outcome = "failed"
        self.problems.append(problem)

    def run_out_of_time(self) -> None:
        """Record that some of the selected images are left; a run that failed stays failed."""
        if self.outcome == "done":
            self.outcome = "out of time"

    def to_json(self) -> dict[str, Any]:
        """Return the whole report. With more than 800 kept images it holds only their numbers and reasons."""
        kept_why: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for image, why in self.kept:
            kept_why[image.repository][_kind(why)] += 1
        report: dict[str, Any] = {
            "report": "image-pruner",
            "run": str(self.run),
            "environment": self.environment,
            "mode": "delete" if self.delete else "dry run",
            "outcome": self.outcome,
            "problems": self.problems,
            "missing_repositories": self.missing,
            "seconds": round(self.seconds, 1),
            "images": {
                name: len(getattr(self, name))
                for name in ("kept", "selected", "archived", "deleted", "spared", "left")
            },
            "bytes_freed": self.bytes_freed,
            "bytes_selected": sum(image.size for image in self.selected),
            "kept_why": dict(sorted(kept_why.items())),
            "archived": [_named(image) for image in self.archived[:_MAX_NAMED]],
            "deleted": [_named(image) for image in self.deleted[:_MAX_NAMED]],
            "spared": [{**_named(image), "why": why} for image, why in self.spared[:_MAX_NAMED]],
            "left": [_named(image) for image in self.left[:_MAX_NAMED]],
        }
        if not self.delete or self.outcome == "failed":
            report["selected"] = [_named(image) for image in self.selected[:_MAX_NAMED]]
        if len(self.kept) <= _MAX_NAMED:
            report["kept"] = [{**_named(image), "why": why} for image, why in self.kept]
        return report

    def metrics(self) -> dict[str, Any]:
        """Return the numbers of the report in CloudWatch's embedded metric format.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
        """
        values: Mapping[str, tuple[str, float]] = {
            "Failed": ("Count", int(self.outcome == "failed")),
            "OutOfTime": ("Count", int(self.outcome == "out of time")),
            "ImagesKept": ("Count", len(self.kept)),
            "ImagesSelected": ("Count", len(self.selected)),
            "ImagesArchived": ("Count", len(self.archived)),
            "ImagesDeleted": ("Count", len(self.deleted)),
            "ImagesLeft": ("Count", len(self.left)),
            "BytesFreed": ("Bytes", self.bytes_freed),
            "Duration": ("Seconds", round(self.seconds, 1)),
        }
        return {
            "_aws": {
                "Timestamp": int((self.started + self.seconds) * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": METRICS_NAMESPACE,
                        "Dimensions": [["Environment"]],
                        "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in values.items()],
                    }
                ],
            },
            "Environment": self.environment,
            **{name: value for name, (_, value) in values.items()},
        }


def _named(image: Image) -> dict[str, Any]:
    return {
        "repository": image.repository,
        "digest": image.digest,
        "tags": list(image.tags),
        "pushed_at": image.pushed_at.isoformat(),
        "bytes": image.size,
    }


def _kind(why: str) -> str:
    """Return the reason without the name in it, for counting."""
    for kind in _KINDS:
        if why.startswith(kind):
            return kind.removesuffix(" by").removesuffix(" of").removesuffix(" to")
    return why
