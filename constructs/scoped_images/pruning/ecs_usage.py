"""Images of ECS tasks, services and task definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scoped_images.pruning.aws_calls import AwsCalls, IncompleteListing, Paging
from scoped_images.pruning.ecr_images import batches
from scoped_images.pruning.image import ImageReference
from scoped_images.pruning.usage import Release, Usage, Use

_SIZE = ("maxResults", 100)
CLUSTERS = Paging("clusterArns", "nextToken", "nextToken", _SIZE)
TASKS = Paging("taskArns", "nextToken", "nextToken", _SIZE)
SERVICES = Paging("serviceArns", "nextToken", "nextToken", _SIZE)
DEPLOYMENTS = Paging("serviceDeployments", "nextToken", "nextToken", _SIZE)
FAMILIES = Paging("families", "nextToken", "nextToken", _SIZE)


def ecs_usage(aws: AwsCalls, *, rollback_window: int, scheduled: Iterable[tuple[str, str]] = ()) -> Usage:
    """Images of running tasks, of services' deployments, and of each family's last revisions.

    scheduled: task definitions that rules and schedules start, each with who does.
    """
    definitions: dict[str, str] = dict(scheduled)
    uses: list[Use] = []
    releases: list[Release] = []
    for cluster in aws.list_all("ecs", "list_clusters", CLUSTERS):
        for task in _tasks(aws, cluster):
            by = f"ecs task {task['taskArn'].rpartition('/')[2]}"
            definitions.setdefault(task["taskDefinitionArn"], by)
            uses += [Use(reference, by) for reference in _references(task.get("containers", ()))]
        for service in _services(aws, cluster):
            by = f"ecs service {service['serviceName']}"
            for part in (service, *service.get("deployments", ()), *service.get("taskSets", ())):
                if part.get("taskDefinition"):
                    definitions.setdefault(part["taskDefinition"], by)
            releases += _service_releases(aws, service, rollback_window)
    uses += _uses_of(aws, definitions)
    return Usage(uses=tuple(uses), releases=(*releases, *_family_releases(aws, rollback_window)))


def _tasks(aws: AwsCalls, cluster: str) -> list[dict[str, Any]]:
    # RUNNING is what they are desired to be: it holds those that are still starting.
    arns = aws.list_all("ecs", "list_tasks", TASKS, cluster=cluster, desiredStatus="RUNNING")
    return _describe(aws, "describe_tasks", "tasks", arns, size=100, cluster=cluster)


def _services(aws: AwsCalls, cluster: str) -> list[dict[str, Any]]:
    arns = aws.list_all("ecs", "list_services", SERVICES, cluster=cluster)
    return _describe(aws, "describe_services", "services", arns, size=10, cluster=cluster)


def _describe(
    aws: AwsCalls, operation: str, key: str, arns: list[str], *, size: int, cluster: str
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch in batches(arns, size):
        answer = aws.call("ecs", operation, cluster=cluster, **{key: batch})
        for failure in answer.get("failures", ()):
            # MISSING: it ended since it was listed.
            if failure.get("reason") != "MISSING":
                raise IncompleteListing(f"ecs {operation} in {aws.region}: {failure}")
        if len(answer[key]) + len(answer.get("failures", ())) != len(batch):
            raise IncompleteListing(
                f"ecs {operation} in {aws.region} was cut short: asked for {len(batch)}, got {len(answer[key])}"
            )
        found += answer[key]
    return found


def _references(containers: Iterable[dict[str, Any]]) -> list[ImageReference]:
    found = []
    for container in containers:
        image = container.get("image") or ""
        reference = ImageReference.parse(image)
        if reference is None and ".dkr.ecr" in image:
            raise IncompleteListing(f"ecs uses an image that cannot be read: {image!r}")
        if reference is not None:
            found.append(
                ImageReference(
                    reference.repository, reference.tag, container.get("imageDigest") or reference.digest
                )
            )
    return found


def _uses_of(aws: AwsCalls, definitions: dict[str, str]) -> list[Use]:
    images = aws.for_each(definitions, lambda arn: _images_of(aws, arn))
    return [
        Use(reference, by)
        for by, references in zip(definitions.values(), images, strict=True)
        for reference in references
    ]


def _images_of(aws: AwsCalls, definition: str) -> list[ImageReference]:
    answer = aws.call("ecs", "describe_task_definition", taskDefinition=definition)
    return _references(answer["taskDefinition"]["containerDefinitions"])


def _service_releases(aws: AwsCalls, service: dict[str, Any], window: int) -> list[Release]:
    # Deployments of CodeDeploy and of external controllers are not ECS's to list.
    if service.get("deploymentController", {}).get("type", "ECS") != "ECS":
        return []
    deployments = aws.list_all(
        "ecs",
        "list_service_deployments",
        DEPLOYMENTS,
        service=service["serviceArn"],
        cluster=service["clusterArn"],
    )
    newest = sorted(deployments, key=lambda deployment: deployment["createdAt"], reverse=True)[: window + 1]
    arns = dict.fromkeys(deployment["targetServiceRevisionArn"] for deployment in newest)
    revisions: list[dict[str, Any]] = []
    for batch in batches(arns, 20):
        answer = aws.call("ecs", "describe_service_revisions", serviceRevisionArns=batch)
        if answer.get("failures") or len(answer["serviceRevisions"]) != len(batch):
            raise IncompleteListing(
                f"ecs describe_service_revisions in {aws.region}: {answer.get('failures')}"
            )
        revisions += answer["serviceRevisions"]
    return [
        # Whole, with cluster and region: a namesake elsewhere must not push this one's releases out.
        Release(
            f"ecs service {service['serviceName']} of {service['clusterArn']}",
            revision["createdAt"].timestamp(),
            reference,
        )
        for revision in revisions
        for reference in _references(revision.get("containerImages", ()))
    ]


def _family_releases(aws: AwsCalls, window: int) -> list[Release]:
    families = aws.list_all("ecs", "list_task_definition_families", FAMILIES, status="ACTIVE")
    last = aws.for_each(families, lambda family: _last_revisions(aws, family, window + 1))
    arns = [arn for found in last for arn in found]
    images = aws.for_each(arns, lambda arn: _images_of(aws, arn))
    return [
        Release(f"ecs family {_family(arn)} in {aws.region}", _revision(arn), reference)
        for arn, references in zip(arns, images, strict=True)
        for reference in references
    ]


def _last_revisions(aws: AwsCalls, family: str, count: int) -> list[str]:
    arns: set[str] = set()
    # CloudFormation deregisters what it replaces, so a release to roll back to is INACTIVE.
    for status in ("ACTIVE", "INACTIVE"):
        arns.update(arn for arn in _newest(aws, family, status, count) if _family(arn) == family)
    return sorted(arns, key=_revision, reverse=True)[:count]


def _newest(aws: AwsCalls, family: str, status: str, count: int) -> list[str]:
    """The newest `count` revisions, newest first: not every page, which may be thousands."""
    found: list[str] = []
    request: dict[str, Any] = {"familyPrefix": family, "status": status, "sort": "DESC"}
    while True:
        answer = aws.call("ecs", "list_task_definitions", maxResults=min(count, 100), **request)
        found += answer["taskDefinitionArns"]
        token = answer.get("nextToken")
        if not token or len(found) >= count:
            return found
        if not answer["taskDefinitionArns"]:
            raise IncompleteListing(
                f"ecs list_task_definitions in {aws.region} was cut short: after {len(found)} revisions of {family} "
                "it promised more and sent an empty page"
            )
        request["nextToken"] = token


def _family(arn: str) -> str:
    return arn.rpartition("/")[2].rpartition(":")[0]


def _revision(arn: str) -> int:
    return int(arn.rpartition(":")[2])
