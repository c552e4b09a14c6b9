"""Makes CloudFormation wait until a service is stable, and fail if the service does.

Stock ministack reports a service as created at once, with a completed deployment before a task runs. So it deploys a
service whose image does not exist.
"""

from __future__ import annotations

import time

from ministack.services import ecs
from ministack.services.cloudformation import provisioners, stacks

from cdk_local_aws.emulator.patches.template import Created, Properties

STABLE_SECONDS = 600.0
POLL_SECONDS = 0.2
REASON_SECONDS = 5.0

# Handlers of these types wait for containers. On the event loop they would block the requests that they wait for.
WAITING = ("AWS::ECS::Service", "AWS::Lambda::Function")


def apply() -> None:
    """Start every deployment of a service as in progress, and let CloudFormation wait for its end."""
    stock_make_deployment, stock_on_thread = ecs._make_deployment, stacks._runs_on_worker_thread
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]
    stock_create, stock_update, stock_delete = handlers["create"], handlers["update"], handlers["delete"]

    def make_deployment(task_definition: str, desired_count: int, status: str = "PRIMARY") -> Properties:
        deployment: Properties = stock_make_deployment(task_definition, desired_count, status)
        if desired_count and ecs._get_docker():
            deployment.update(rolloutState="IN_PROGRESS", rolloutStateReason="")
        return deployment

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:
        require_engine(props)
        created: Created = stock_create(logical_id, props, stack_name)
        try:
            wait_until_stable(created[0], props)
        except ValueError:
            # CloudFormation does not delete it: a failed creation has no physical id.
            stock_delete(created[0], {**props, "ServiceName": created[1]["Name"]})
            raise
        return created

    def update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Created:
        require_engine(new)
        updated: Created = stock_update(physical_id, old, new, stack_name)
        wait_until_stable(updated[0], new)
        return updated

    ecs._make_deployment = make_deployment
    stacks._runs_on_worker_thread = lambda kind: kind in WAITING or stock_on_thread(kind)
    handlers["create"], handlers["update"] = create, update


def require_engine(props: Properties) -> None:
    """Raise ValueError for a service with tasks while no engine answers; ministack would report them as RUNNING."""
    if int(props.get("DesiredCount", 1)) and not ecs._get_docker():
        raise ValueError("no container engine answers, so the service's tasks cannot run")


def wait_until_stable(arn: str, props: Properties) -> None:
    """Wait until the service's newest deployment has completed; raise ValueError if it fails or takes too long."""
    key = f"{ecs._resolve_cluster_name(props.get('Cluster', 'default'))}/{arn.rsplit('/', 1)[1]}"
    service = ecs._services[key]
    deployment = service["deployments"][0]
    deadline = time.monotonic() + STABLE_SECONDS
    while deployment.get("rolloutState") == "IN_PROGRESS":
        if time.monotonic() > deadline:
            raise ValueError(f"{arn} did not stabilize{last_stop(service)}")
        time.sleep(POLL_SECONDS)
    if deployment.get("rolloutState") == "FAILED":
        # ministack counts the failure before it writes the reason into the task.
        give_up = time.monotonic() + REASON_SECONDS
        while not last_stop(service) and time.monotonic() < give_up:
            time.sleep(POLL_SECONDS)
        raise ValueError(
            "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'"
            f"{last_stop(service)}"
        )
    # ministack stops the older tasks after it calls the deployment completed, and forwards requests to them until then.
    while any(is_older(task, service, deployment) for task in list(ecs._tasks.values())):
        if time.monotonic() > deadline:
            raise ValueError(f"{arn} did not stop its older tasks")
        time.sleep(POLL_SECONDS)
    ecs._sync_service_targets(key.partition("/")[0], service)


def is_older(task: Properties, service: Properties, deployment: Properties) -> bool:
    """Return whether a task that still runs belongs to another deployment of the service."""
    return (
        (task.get("group"), task.get("clusterArn"))
        == (f"service:{service['serviceName']}", service.get("clusterArn"))
        and task.get("_deployment_id") != deployment.get("id")
        and task.get("lastStatus") in ecs._PRE_STOP_STATUSES
    )


def last_stop(service: Properties) -> str:
    """Return in brackets why the service's last task stopped, or an empty text if none has."""
    stopped = [
        task
        for task in list(ecs._tasks.values())
        if task.get("group") == f"service:{service['serviceName']}" and task.get("stoppedReason")
    ]
    if not stopped:
        return ""
    last = max(stopped, key=lambda task: str(task.get("stoppedAt")))
    return f" (last task: {last['stoppedReason']})"
