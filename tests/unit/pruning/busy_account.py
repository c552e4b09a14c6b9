"""An account with one of everything that may run an image, and changes of its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.pruning.account_model import HOST, Account, Service, Stack, digest, tag, uri

# The image of each use, and the reason for which it stays.
USES = {
    1: "in use by lambda f:$LATEST",
    3: "in use by lambda f:1",
    5: "in use by event rule rule-0",
    7: "in use by schedule s-0",
    9: "in use by schedule s-1",
    11: "in use by ecs task 0",
    41: "in use by ecs task 0",
    13: "in use by ecs service api",
    15: "in use by ecs service blue",
    17: "one of the last releases of ecs service api of arn:aws:ecs:eu-west-1:111111111111:cluster/c",
    19: "one of the last releases of ecs family job in eu-west-1",
    21: "one of the last releases of ecs family job in eu-west-1",
    23: "in use by a CloudFormation stack",
    25: "in use by a CloudFormation stack",
    27: "in use by a CloudFormation stack",
    29: "in use by a CloudFormation stack",
}
OTHER_USES = {
    31: "in use by sagemaker model m",
    33: "in use by sagemaker model m",
    43: "in use by sagemaker model m",
    35: "in use by app runner service web",
    37: "in use by batch job j:1",
    39: "one of the last releases of ecs family far in us-east-1",
}


def busy_account() -> Account:
    """One of everything, and images between that nothing uses."""
    account = Account()
    account.push_many(50)
    # A tag may have moved since a version was published.
    account.functions["f"] = {
        "$LATEST": (f"{HOST}/app:{tag(1)}", uri("app", 1)),
        "1": (f"{HOST}/app:v1", uri("app", 3)),
    }
    # CloudFormation deregisters the revisions that it replaces.
    job = account.family("job", *([uri("app", n)] for n in (5, 7, 9, 19, 21)), inactive=(1, 2, 3, 4))
    # ECS lists its revisions for the prefix `job` too.
    account.family("jobs", *([[uri("app", 49)]] * 9), inactive=tuple(range(1, 9)))
    account.rules = [job[0]]
    account.schedules = [(job[1], True), (job[2], False)]
    web = account.family("web", *([uri("app", n)] for n in (13, 15, 17, 41, 45, 49, 49)))
    # Its definition names one image, and it has pulled another.
    account.tasks = [(web[3], uri("app", 11))]
    # The first of `deployed` is what the service itself names: the next release, which starts.
    account.services = [
        Service(name="api", deployed=[web[6], web[0]], released=[web[4], web[2], web[6]]),
        Service(name="blue", deployed=[web[6], web[1]], controller="CODE_DEPLOY"),
    ]
    hex_digits = digest(25).removeprefix("sha256:")
    account.stacks = [
        Stack(name="s", words=[tag(23)], parameters=[hex_digits], waiting=([tag(27)], [tag(29)]))
    ]
    account.answers = {
        "sagemaker list_models": {"Models": [{"ModelName": "m"}]},
        "sagemaker describe_model": {
            "PrimaryContainer": {"Image": uri("app", 31)},
            "Containers": [{"ModelPackageName": "p", "Image": uri("app", 43)}],
        },
        "sagemaker describe_model_package": {
            "InferenceSpecification": {"Containers": [{"Image": uri("app", 33)}]}
        },
        "apprunner list_services": {
            "ServiceSummaryList": [{"ServiceName": "web", "ServiceArn": "arn:aws:web"}]
        },
        "apprunner describe_service": {
            "Service": {"SourceConfiguration": {"ImageRepository": {"ImageIdentifier": uri("app", 35)}}}
        },
        "batch describe_job_definitions": {
            "jobDefinitions": [
                {"jobDefinitionName": "j", "revision": 1, "containerProperties": {"image": uri("app", 37)}}
            ]
        },
    }
    far = account.elsewhere["us-east-1"] = Account()
    far.answers = account.answers
    far.family("far", [uri("app", 39)])
    return account


def left_with(uses: dict[int, str]) -> set[int]:
    """Return the images that stay in it: the used ones, those that were pushed just before, and the newest two."""
    return {*uses, 48, 49} | {
        number - 1
        for number, why in uses.items()
        if why.startswith("in use by") and why != "in use by a CloudFormation stack"
    }


def put(path: str, new: Any = ...) -> Callable[[dict[str, Any]], None]:
    """Replace the value at a path such as `tasks.0.containers`, or remove it."""
    *keys, last = (int(key) if key.isdecimal() else key for key in path.split("."))

    def change(answer: dict[str, Any]) -> None:
        holder: Any = answer
        for key in keys:
            holder = holder[key]
        if new is ...:
            del holder[last]
        else:
            holder[last] = new

    return change
