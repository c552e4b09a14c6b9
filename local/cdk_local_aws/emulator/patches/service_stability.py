"""CloudFormation waits until a service is stable, and fails if the service does.

Stock ministack calls a service created at once, its first deployment completed before a task runs, and so
deploys a service of an image that does not exist.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import ecs
from ministack.services.cloudformation import provisioners, stacks

Properties = dict[str, Any]
Created = tuple[str, Properties]

STABLE_SECONDS = 600.0
POLL_SECONDS = 0.2
REASON_SECONDS = 5.0

# Types whose handlers wait for containers: on the event loop they would wait for what only it can answer.
WAITING = ("AWS::ECS::Service", "AWS::Lambda::Function")


def apply() -> None:
    """Start a service's first deployment as in progress, and let CloudFormation wait for every deployment."""
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
            # A failed creation has no physical id, so CloudFormation would not delete the service.
            stock_delete(created[0], {**props, "ServiceName": created[1]["Name"]})
            raise
        return created

    def update(physical_id: str, old_props: Properties, new_props: Properties, stack_name: str) -> Created:
        require_engine(new_props)
        updated: Created = stock_update(physical_id, old_props, new_props, stack_name)
        wait_until_stable(updated[0], new_props)
        return updated

    ecs._make_deployment = make_deployment
    stacks._runs_on_worker_thread = lambda kind: kind in WAITING or stock_on_thread(kind)
    handlers["create"], handlers["update"] = create, update


def require_engine(props: Properties) -> None:
    """Refuse a service with tasks while no engine answers: ministack would call them RUNNING."""
    if int(props.get("DesiredCount", 1)) and not ecs._get_docker():
        raise ValueError("no container engine answers, so the service's tasks cannot run")


def wait_until_stable(arn: str, props: Properties) -> None:
    """Return when the service's newest deployment has completed; ValueError when it fails or takes too long."""
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


def last_stop(service: Properties) -> str:
    """Why the service's last task stopped, in brackets; nothing if none has."""
    stopped = [
        task
        for task in list(ecs._tasks.values())
        if task.get("group") == f"service:{service['serviceName']}" and task.get("stoppedReason")
    ]
    if not stopped:
        return ""
    last = max(stopped, key=lambda task: str(task.get("stoppedAt")))
    return f" (last task: {last['stoppedReason']})"
