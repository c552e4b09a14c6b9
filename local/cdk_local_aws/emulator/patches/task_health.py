"""Waits until a task is ready: its container health checks pass, and its port answers the load balancer's check.

Stock ministack takes a task for healthy one second after its container started, and sends requests to it before it
listens. Here a deployment completes, and a target is registered, once the task is ready. A task that becomes unhealthy
is stopped and counts against the circuit breaker, as on ECS.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import Any

from ministack.core.concurrency import resource_lock, spawn_background
from ministack.core.responses import request_scope
from ministack.services import alb, ecs

Task = dict[str, Any]

POLL_SECONDS = 0.2
READY_SECONDS = 120.0
# ministack looks at each task ten times a second, which keeps the engine busy.
LOOK_SECONDS = 1.0
_looked_at: dict[str, float] = {}  # by the ARN of a task

stock_maybe_mark_stopped = ecs._maybe_mark_stopped
stock_schedule = ecs._schedule_service_deployment_completion


def apply() -> None:
    """Wait for readiness where ministack waits one second."""
    ecs._maybe_mark_stopped = maybe_mark_stopped
    ecs._schedule_service_deployment_completion = schedule_completion
    ecs._sync_service_targets = sync_service_targets


def schedule_completion(
    cluster: str, service_key: str, account: str, region: str, healthy_task: Task | None = None
) -> None:
    """Continue with ministack's completion once the task is ready, or stop a task that never becomes ready."""
    if healthy_task is None:
        stock_schedule(cluster, service_key, account, region)
        return

    def wait() -> None:
        with request_scope(account, region):
            deadline = time.monotonic() + READY_SECONDS
            while not is_ready(healthy_task, service_key):
                if not ecs._task_is_active(healthy_task["taskArn"], healthy_task):
                    return
                if time.monotonic() > deadline:
                    fail(healthy_task, f"Task did not become ready within {READY_SECONDS:.0f} seconds")
                    return
                time.sleep(POLL_SECONDS)
            stock_schedule(cluster, service_key, account, region, healthy_task=healthy_task)

    spawn_background(wait, thread_name="task-readiness")


def maybe_mark_stopped(task: Task, docker_client: Any = None) -> None:
    """Update a task from its containers as ministack does, and from their health, at most once a second."""
    now = time.monotonic()
    if now - _looked_at.get(task["taskArn"], 0) < LOOK_SECONDS:
        return
    _looked_at[task["taskArn"]] = now
    stock_maybe_mark_stopped(task, docker_client)
    if task.get("lastStatus") != "RUNNING" or not task.get("_docker_ids"):
        return
    health = container_health(task, docker_client or ecs._get_docker())
    for container, status in zip(task.get("containers", []), health, strict=False):
        container["healthStatus"] = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(status, "UNKNOWN")
    known = [c["healthStatus"] for c in task["containers"] if c["healthStatus"] != "UNKNOWN"]
    task["healthStatus"] = "UNHEALTHY" if "UNHEALTHY" in known else known[0] if known else "UNKNOWN"
    if task["healthStatus"] == "UNHEALTHY":
        fail(task, "Task failed container health checks")


def fail(task: Task, reason: str) -> None:
    """Stop a task as the service scheduler does, and count it as a failure."""
    if ecs._mark_task_stopped(task["taskArn"], task, reason, "ServiceSchedulerInitiated"):
        ecs._cleanup_task_resources(task, ecs._get_docker())
        ecs._record_service_task_failure(task)


def container_health(task: Task, docker_client: Any) -> list[str]:
    """Return docker's word for the health of each container; `none` without a check, `gone` if it was removed."""
    words = []
    for container_id in task.get("_docker_ids") or []:
        try:
            state = docker_client.containers.get(container_id).attrs["State"]
        except Exception:  # docker's and requests' own errors; ministack handles a removed container
            words.append("gone")
        else:
            words.append(state.get("Health", {}).get("Status", "none"))
    return words


def is_ready(task: Task, service_key: str) -> bool:
    """Return whether every container is healthy and every load balancer's check passes."""
    if task.get("lastStatus") != "RUNNING":
        return False
    if not all(word in ("none", "healthy") for word in container_health(task, ecs._get_docker())):
        return False
    service = ecs._services.get(service_key) or {}
    return all(
        target_answers(alb._tgs.get(balancer.get("targetGroupArn"), {}), target_port(task, balancer))
        for balancer in service.get("loadBalancers") or []
    )


def target_port(task: Task, balancer: dict[str, Any]) -> int:
    """Return the port of loopback behind the container port that a load balancer names."""
    container_port = balancer.get("containerPort", 80)
    return int(task.get("_host_ports", {}).get(str(container_port), container_port))


def target_answers(target_group: dict[str, Any], port: int) -> bool:
    """Return whether the target group's health check passes on this port."""
    url = f"http://127.0.0.1:{port}{target_group.get('HealthCheckPath') or '/'}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            status = response.status
    except urllib.error.HTTPError as error:
        status = error.code
    except OSError:
        return False
    matcher = target_group.get("Matcher") or {}
    return matches(str(matcher.get("HttpCode", "200") if isinstance(matcher, dict) else matcher), status)


def matches(codes: str, status: int) -> bool:
    """Return whether codes such as `200,202` or `200-299` include the status."""
    ranges = (part.strip().partition("-") for part in codes.split(","))
    return any(int(first) <= status <= int(last or first) for first, _, last in ranges)


def sync_service_targets(cluster: str, service: dict[str, Any]) -> None:  # noqa: ARG001
    """Register each ready task of the service with its own port, and remove those that ended."""
    group, cluster_arn = f"service:{service.get('serviceName')}", service.get("clusterArn")
    for balancer in service.get("loadBalancers") or []:
        arn = balancer.get("targetGroupArn")
        if not arn or arn not in alb._tgs:
            continue
        with resource_lock("elbv2-targets", arn):
            expected = [
                {"Id": "127.0.0.1", "Port": target_port(task, balancer)}
                for task in list(ecs._tasks.values())
                if service.get("status") == "ACTIVE"
                and (task.get("group"), task.get("clusterArn")) == (group, cluster_arn)
                and task.get("lastStatus") == "RUNNING"
                and task.get("_startup_stable")
            ]
            ledger = service.setdefault("_published_targets", {})
            others = [
                t for t in alb._targets.get(arn, []) if t not in ledger.get(arn, []) and t not in expected
            ]
            alb._targets[arn] = [*others, *expected]
            ledger[arn] = expected
