"""Images of services that not every account uses, each behind a switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoped_images.pruning.aws_calls import AwsCalls, Paging
from scoped_images.pruning.image import references_in
from scoped_images.pruning.usage import Usage, Use

MODELS = Paging("Models", "NextToken", "NextToken", ("MaxResults", 100))
APP_RUNNER = Paging("ServiceSummaryList", "NextToken", "NextToken", ("MaxResults", 20))
JOB_DEFINITIONS = Paging("jobDefinitions", "nextToken", "nextToken", ("maxResults", 100))


def _uses(document: dict[str, Any], by: str) -> list[Use]:
    return [Use(reference, by) for reference in references_in(document)]


def _sagemaker(aws: AwsCalls) -> list[Use]:
    names = [model["ModelName"] for model in aws.list_all("sagemaker", "list_models", MODELS)]
    models = aws.for_each(names, lambda name: aws.call("sagemaker", "describe_model", ModelName=name))
    return [
        use
        for name, model in zip(names, models, strict=True)
        for use in _uses(model, f"sagemaker model {name}")
    ]


def _app_runner(aws: AwsCalls) -> list[Use]:
    summaries = aws.list_all("apprunner", "list_services", APP_RUNNER)
    arns = [summary["ServiceArn"] for summary in summaries]
    services = aws.for_each(arns, lambda arn: aws.call("apprunner", "describe_service", ServiceArn=arn))
    return [
        use
        for summary, service in zip(summaries, services, strict=True)
        for use in _uses(service["Service"], f"app runner service {summary['ServiceName']}")
    ]


def _batch(aws: AwsCalls) -> list[Use]:
    definitions = aws.list_all("batch", "describe_job_definitions", JOB_DEFINITIONS, status="ACTIVE")
    return [
        use
        for definition in definitions
        for use in _uses(definition, f"batch job {definition['jobDefinitionName']}:{definition['revision']}")
    ]


COLLECTORS: dict[str, Callable[[AwsCalls], list[Use]]] = {
    "sagemaker": _sagemaker,
    "apprunner": _app_runner,
    "batch": _batch,
}


def other_usage(aws: AwsCalls, services: tuple[str, ...]) -> Usage:
    """Images of those of `services` that are switched on: sagemaker, apprunner, batch."""
    return Usage(uses=tuple(use for service in services for use in COLLECTORS[service](aws)))
