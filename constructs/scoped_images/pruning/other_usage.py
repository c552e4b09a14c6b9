"""Images of services that not every account uses, each behind a switch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scoped_images.pruning.answer import Answer
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.image import ImageReference
from scoped_images.pruning.settings import SERVICES
from scoped_images.pruning.usage import Usage, Use

# Where SageMaker and Batch describe containers: one below the first names, a list below the others.
_ONE_CONTAINER = ("PrimaryContainer", "containerProperties", "container")
_CONTAINERS = ("Containers", "containers", "initContainers")


def _containers(document: object, source: str) -> Iterator[Answer]:
    """Yield every description of a container in `document`, at any depth."""
    if isinstance(document, Mapping):
        answer = Answer(source, document)
        for key, value in document.items():
            if key in _ONE_CONTAINER:
                yield answer.part(key)
            if key in _CONTAINERS:
                yield from answer.parts(key)
            yield from _containers(value, source)
    elif isinstance(document, list):
        for value in document:
            yield from _containers(value, source)


def _images(document: Answer, key: str, by: str) -> list[Use]:
    """Return the image of each container. Raises IncompleteListing if there is none."""
    return [Use(ImageReference.read(one.text(key), one), by) for one in _some_containers(document, by)]


def _some_containers(document: Answer, by: str) -> list[Answer]:
    containers = list(_containers(document.fields, document.source))
    if not containers:
        raise document.unreadable(f"the containers of {by}", dict(document.fields))
    return containers


def _sagemaker(aws: AwsCalls) -> list[Use]:
    models = aws.list_parts("sagemaker", "list_models", "Models")
    names = [model.text("ModelName") for model in models]
    return aws.collect(names, lambda name: _of_model(aws, name))


def _of_model(aws: AwsCalls, name: str) -> list[Use]:
    by = f"sagemaker model {name}"
    uses = []
    for container in _some_containers(aws.call("sagemaker", "describe_model", ModelName=name), by):
        package = container.optional_text("ModelPackageName")
        if package is not None:
            described = aws.call("sagemaker", "describe_model_package", ModelPackageName=package)
            uses += _images(described.part("InferenceSpecification"), "Image", by)
        if package is None or "Image" in container.fields:
            uses.append(Use(ImageReference.read(container.text("Image"), container), by))
    return uses


def _app_runner(aws: AwsCalls) -> list[Use]:
    services = aws.list_parts("apprunner", "list_services", "ServiceSummaryList")
    return aws.collect(services, lambda service: _of_service(aws, service))


def _of_service(aws: AwsCalls, summary: Answer) -> list[Use]:
    service = aws.call("apprunner", "describe_service", ServiceArn=summary.text("ServiceArn")).part("Service")
    source = service.part("SourceConfiguration")
    if "CodeRepository" in source.fields:
        return []
    image = source.part("ImageRepository")
    reference = ImageReference.read(image.text("ImageIdentifier"), image)
    return [Use(reference, f"app runner service {summary.text('ServiceName')}")]


def _batch(aws: AwsCalls) -> list[Use]:
    definitions = aws.list_parts("batch", "describe_job_definitions", "jobDefinitions", status="ACTIVE")
    return [
        use
        for definition in definitions
        for use in _images(
            definition,
            "image",
            f"batch job {definition.text('jobDefinitionName')}:{definition.fields.get('revision')}",
        )
    ]


_COLLECTORS = dict(zip(SERVICES, (_sagemaker, _app_runner, _batch), strict=True))


def other_usage(aws: AwsCalls, services: tuple[str, ...]) -> Usage:
    """Return the images of those of `services` that are switched on."""
    return Usage(uses=tuple(use for service in services for use in _COLLECTORS[service](aws)))
