"""Answers of AWS that are damaged on their way."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

# The calls of a run that change nothing.
READING = [
    *("describe_images", "batch_get_image", "list_functions", "list_versions_by_function", "get_function"),
    *("list_clusters", "list_tasks", "describe_tasks", "list_services", "describe_services"),
    *("list_service_deployments", "describe_service_revisions"),
    *("list_task_definition_families", "list_task_definitions", "describe_task_definition"),
    *("list_event_buses", "list_rules", "list_targets_by_rule", "list_schedules", "get_schedule"),
    *("describe_stacks", "list_change_sets", "get_template", "describe_change_set"),
]


@dataclass(frozen=True)
class Damage:
    """What goes wrong with one answer.

    operation, number: of the call; the first is 0. place: which of the answer's places, counted modulo.
    """

    operation: str
    number: int
    place: int
    kind: Literal["drop", "none", "empty", "number", "list", "error"]


# Without these keys, or with an empty list below them, an answer is one that AWS may truthfully give. imageDigest: of a
# container that has not pulled its image; an image's own is required, see below.
OPTIONAL = {
    *("nextToken", "imageTags", "imageDigest", "containerImages", "Parameters", "subject"),
    "subjectManifestDigest",
}
LISTINGS = {
    *("Functions", "clusterArns", "taskArns", "serviceArns", "taskDefinitionArns", "families", "Rules"),
    *("Targets", "Schedules", "Stacks", "Summaries", "serviceDeployments", "imageDetails", "manifests"),
    "taskSets",
}


def aws_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "injected"}}, "operation")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in an answer; a template counts as one value."""
    if path and path[-1] == "TemplateBody":
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def _truthful(path: tuple[Any, ...], value: Any, kind: str) -> bool:
    """Return whether the damaged answer would be one that AWS may truthfully give."""
    key = path[-1]
    if key == "nextToken" or (kind == "drop" and isinstance(key, int)):
        return True  # An answer that is shorter than the truth looks like one that is not.
    if key == "imageDigest" and "containers" not in path:
        return False
    if kind == "drop" and key in OPTIONAL:
        return True
    return kind in ("empty", "list") and isinstance(value, list) and key in OPTIONAL | LISTINGS


def damaged(answer: dict[str, Any], damage: Damage) -> dict[str, Any]:
    """Return `answer` with one value missing, empty or of another type; raise for the kind `error`."""
    if damage.kind == "error":
        raise aws_error("InternalFailure")
    answer = copy.deepcopy(answer)
    found = list(places(answer))
    if not found:
        return answer
    path = found[damage.place % len(found)]
    holder: Any = answer
    for key in path[:-1]:
        holder = holder[key]
    value = holder[path[-1]]
    if _truthful(path, value, damage.kind):
        return answer
    if damage.kind == "drop":
        del holder[path[-1]]
    elif damage.kind == "empty":
        holder[path[-1]] = type(value)() if isinstance(value, str | list | dict) else None
    else:
        holder[path[-1]] = {"none": None, "number": 7, "list": []}[damage.kind]
    return answer
