"""Images of ECS tasks, services and task definitions."""

from __future__ import annotations

from collections.abc import Iterable

from scoped_images.pruning.answer import Answer, IncompleteListing
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.ecr_images import batches
from scoped_images.pruning.image import ImageReference
from scoped_images.pruning.usage import Release, Usage, Use

# Services of these controllers run task sets, and ECS lists no deployments of them.
_WITH_TASK_SETS = ("CODE_DEPLOY", "EXTERNAL")


def ecs_usage(aws: AwsCalls, *, rollback_window: int, scheduled: Iterable[tuple[str, str]] = ()) -> Usage:
    """Return the images of running tasks, of services' deployments, and of each family's last revisions.

    scheduled: task definitions that rules and schedules start, each with the name of the rule or schedule.
    """
    definitions: dict[str, str] = dict(scheduled)
    uses: list[Use] = []
    releases: list[Release] = []
    for cluster in aws.list_texts("ecs", "list_clusters", "clusterArns"):
        for task in _tasks(aws, cluster):
            by = f"ecs task {task.text('taskArn').rpartition('/')[2]}"
            definitions.setdefault(task.text("taskDefinitionArn"), by)
            uses += [Use(reference, by) for reference in _references(task.some_parts("containers"))]
        for service in _services(aws, cluster):
            by = f"ecs service {service.text('serviceName')}"
            for definition in _definitions_of(service):
                definitions.setdefault(definition, by)
            releases += _service_releases(aws, service, rollback_window)
    images = aws.for_each(definitions, lambda arn: _images_of(aws, arn))
    uses += [
        Use(reference, by)
        for by, references in zip(definitions.values(), images, strict=True)
        for reference in references
    ]
    return Usage(uses=tuple(uses), releases=(*releases, *_family_releases(aws, rollback_window)))


def _tasks(aws: AwsCalls, cluster: str) -> list[Answer]:
    # The desired status RUNNING includes tasks that are still starting.
    arns = aws.list_texts("ecs", "list_tasks", "taskArns", cluster=cluster, desiredStatus="RUNNING")
    return _describe(aws, "describe_tasks", "tasks", arns, size=100, cluster=cluster)


def _services(aws: AwsCalls, cluster: str) -> list[Answer]:
    arns = aws.list_texts("ecs", "list_services", "serviceArns", cluster=cluster)
    return _describe(aws, "describe_services", "services", arns, size=10, cluster=cluster)


def _describe(
    aws: AwsCalls, operation: str, key: str, arns: list[str], *, size: int, cluster: str
) -> list[Answer]:
    found: list[Answer] = []
    for batch in batches(arns, size):
        answer = aws.call("ecs", operation, cluster=cluster, **{key: batch})
        failures = answer.optional_parts("failures")
        for failure in failures:
            # MISSING: it ended since it was listed.
            if failure.text("reason") != "MISSING":
                raise IncompleteListing(f"{answer.source}: {dict(failure.fields)}")
        described = answer.parts(key)
        if len(described) + len(failures) != len(batch):
            raise IncompleteListing(
                f"{answer.source} was cut short: asked for {len(batch)}, got {len(described)}"
            )
        found += described
    return found


def _definitions_of(service: Answer) -> list[str]:
    """Return the task definitions of a service, its deployments and its task sets."""
    has_task_sets = _has_task_sets(service)
    deployments = service.parts("deployments") if has_task_sets else service.some_parts("deployments")
    task_sets = service.parts("taskSets") if has_task_sets else service.optional_parts("taskSets")
    own = [service.text("taskDefinition")] if "taskDefinition" in service.fields else []
    return own + [part.text("taskDefinition") for part in (*deployments, *task_sets)]


def _has_task_sets(service: Answer) -> bool:
    controller = service.optional_part("deploymentController")
    return controller is not None and controller.text("type") in _WITH_TASK_SETS


def _references(containers: Iterable[Answer]) -> list[ImageReference]:
    found = []
    for container in containers:
        reference = ImageReference.read(container.text("image"), container)
        # A container has a digest as soon as its image is pulled.
        digest = container.optional_text("imageDigest") or reference.digest
        found.append(ImageReference(reference.repository, reference.tag, digest))
    return found


def _images_of(aws: AwsCalls, definition: str) -> list[ImageReference]:
    answer = aws.call("ecs", "describe_task_definition", taskDefinition=definition)
    return _references(answer.part("taskDefinition").some_parts("containerDefinitions"))


def _service_releases(aws: AwsCalls, service: Answer, window: int) -> list[Release]:
    if _has_task_sets(service):
        return []
    deployments = aws.list_parts(
        "ecs",
        "list_service_deployments",
        "serviceDeployments",
        service=service.text("serviceArn"),
        cluster=service.text("clusterArn"),
    )
    newest = sorted(deployments, key=lambda one: one.moment("createdAt"), reverse=True)[: window + 1]
    arns = dict.fromkeys(deployment.text("targetServiceRevisionArn") for deployment in newest)
    # With cluster and region: a service of the same name elsewhere must not push this one's releases out.
    workload = f"ecs service {service.text('serviceName')} of {service.text('clusterArn')}"
    releases: list[Release] = []
    for batch in batches(arns, 20):
        answer = aws.call("ecs", "describe_service_revisions", serviceRevisionArns=batch)
        revisions = answer.parts("serviceRevisions")
        if answer.optional_parts("failures") or len(revisions) != len(batch):
            raise IncompleteListing(f"{answer.source}: {answer.fields.get('failures')}")
        for revision in revisions:
            order = revision.moment("createdAt").timestamp()
            # ECS names the images as soon as a task of the revision has started.
            images = revision.optional_parts("containerImages")
            references = _references(images) or _images_of(aws, revision.text("taskDefinition"))
            releases += [Release(workload, order, reference) for reference in references]
    return releases


def _family_releases(aws: AwsCalls, window: int) -> list[Release]:
    families = aws.list_texts("ecs", "list_task_definition_families", "families", status="ACTIVE")
    arns = aws.collect(families, lambda family: _last_revisions(aws, family, window + 1))
    images = aws.for_each(arns, lambda arn: _images_of(aws, arn))
    return [
        Release(f"ecs family {_family(arn)} in {aws.region}", _revision(arn), reference)
        for arn, references in zip(arns, images, strict=True)
        for reference in references
    ]


def _last_revisions(aws: AwsCalls, family: str, count: int) -> list[str]:
    active = _newest(aws, family, "ACTIVE", count)
    if not active:
        raise IncompleteListing(
            f"ecs list_task_definitions in {aws.region}: no active revision of the active family {family}"
        )
    # CloudFormation deregisters what it replaces, so a release to roll back to is INACTIVE.
    arns = {*active, *_newest(aws, family, "INACTIVE", count)}
    return sorted(arns, key=_revision, reverse=True)[:count]


def _newest(aws: AwsCalls, family: str, status: str, count: int) -> list[str]:
    """Return the newest `count` revisions, newest first, without the other pages: there may be thousands."""
    found: list[str] = []
    pages = aws.pages(
        "ecs",
        "list_task_definitions",
        "taskDefinitionArns",
        page_size=min(count, 100),
        familyPrefix=family,
        status=status,
        sort="DESC",
    )
    for page in pages:
        arns = page.texts("taskDefinitionArns")
        for arn in arns:
            if not arn.rpartition(":")[2].isdecimal():
                raise page.unreadable("the revision of a task definition", arn)
        # The prefix also finds families whose name is longer.
        found += [arn for arn in arns if _family(arn) == family]
        if len(found) >= count:
            break
    return found


def _family(arn: str) -> str:
    return arn.rpartition("/")[2].rpartition(":")[0]


def _revision(arn: str) -> int:
    return int(arn.rpartition(":")[2])
