"""Prunes container images on a schedule. scoped_images.pruning makes the decisions."""

import json
import os
from typing import Any

from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.run import prune
from scoped_images.pruning.settings import PrunerSettings


class PruningFailed(Exception):
    """Raised after the report, so that Lambda counts an error and sends the event to the dead-letter queue."""


def handler(_event: Any, context: Any) -> dict[str, Any]:
    """Run once, and print one line of report and one of metrics. A second run deletes nothing more."""
    settings = PrunerSettings.from_text(os.environ["PRUNER_SETTINGS"])
    aws = AwsCalls(
        settings.regions[0], seconds_left=lambda: float(context.get_remaining_time_in_millis()) / 1000
    )
    report = prune(aws, settings)
    full = report.to_json()
    print(json.dumps(full))
    print(json.dumps(report.metrics()))
    if report.outcome == "failed":
        raise PruningFailed("; ".join(report.problems))
    return {key: full[key] for key in ("mode", "outcome", "images", "bytes_freed")}
