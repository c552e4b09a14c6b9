"""What a run found and did: for people, for CloudWatch Logs and for its metrics."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scoped_images.pruning.image import Image

NAMESPACE = "ScopedImages/ImagePruner"

# A log event of CloudWatch takes 1 MB; beyond this the report counts what is kept in place of naming it.
_MAX_NAMED = 800
# https://aws.amazon.com/ecr/pricing/: per GB-month; layers that images share are billed once.
_DOLLARS_PER_GB_MONTH = 0.10

Outcome = Literal["done", "failed", "out of time"]


def monthly_cost(size: int) -> float:
    """Dollars for `size` bytes in ECR, as an upper bound: shared layers are counted in each image."""
    return size / 1e9 * _DOLLARS_PER_GB_MONTH


@dataclass(kw_only=True)
class Report:
    """One run. `selected` would go in a dry run; `left` could not be deleted in time."""

    environment: str
    delete: bool
    started: float = field(default_factory=time.time)
    outcome: Outcome = "done"
    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    kept: list[tuple[Image, str]] = field(default_factory=list)
    selected: list[Image] = field(default_factory=list)
    deleted: list[Image] = field(default_factory=list)
    spared: list[tuple[Image, str]] = field(default_factory=list)
    left: list[Image] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def bytes_freed(self) -> int:
        """Sum of the deleted images' sizes: an upper bound, layers may be shared with others."""
        return sum(image.size for image in self.deleted)

    def fail(self, problem: str) -> None:
        """Note a problem; the run counts as failed."""
        self.outcome = "failed"
        self.problems.append(problem)

    def run_out_of_time(self) -> None:
        """Note that some of the selected images are left; a run that failed stays failed."""
        if self.outcome == "done":
            self.outcome = "out of time"

    def to_json(self) -> dict[str, Any]:
        """The whole report; of very many kept images the numbers and reasons only."""
        kept_why = Counter((image.repository, _kind(why)) for image, why in self.kept)
        report: dict[str, Any] = {
            "report": "image-pruner",
            "environment": self.environment,
            "mode": "delete" if self.delete else "dry run",
            "outcome": self.outcome,
            "problems": self.problems,
            "missing_repositories": self.missing,
            "seconds": round(self.seconds, 1),
            "images": {
                "kept": len(self.kept),
                "selected": len(self.selected),
                "deleted": len(self.deleted),
                "spared": len(self.spared),
                "left": len(self.left),
            },
            "bytes_freed": self.bytes_freed,
            "bytes_selected": sum(image.size for image in self.selected),
            "kept_why": {
                repository: {why: count for (name, why), count in kept_why.items() if name == repository}
                for repository in sorted({name for name, _ in kept_why})
            },
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
        """The same as numbers, in CloudWatch's embedded metric format.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
        """
        values: Mapping[str, tuple[str, float]] = {
            "Failed": ("Count", int(self.outcome == "failed")),
            "OutOfTime": ("Count", int(self.outcome == "out of time")),
            "ImagesKept": ("Count", len(self.kept)),
            "ImagesSelected": ("Count", len(self.selected)),
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
                        "Namespace": NAMESPACE,
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
    """The reason without the name in it, for counting."""
    for kind in ("in use by", "one of the last releases of", "part of index", "attached to", "base of"):
        if why.startswith(kind):
            return kind.removesuffix(" by").removesuffix(" of").removesuffix(" to")
    return "tag" if why.startswith("tag ") else why
