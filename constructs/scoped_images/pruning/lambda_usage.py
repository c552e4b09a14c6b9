"""Images of Lambda functions."""

from __future__ import annotations

from typing import Any

from scoped_images.pruning.aws_calls import AwsCalls, IncompleteListing, Paging
from scoped_images.pruning.image import ImageReference
from scoped_images.pruning.usage import Usage, Use

FUNCTIONS = Paging("Functions", "Marker", "NextMarker", ("MaxItems", 50))
VERSIONS = Paging("Versions", "Marker", "NextMarker", ("MaxItems", 50))


def lambda_usage(aws: AwsCalls) -> Usage:
    """The image of `$LATEST` and of every published version of every image function.

    Aliases need no look of their own: they can only name one of these.
    """
    functions = [
        function["FunctionName"]
        for function in aws.list_all("lambda", "list_functions", FUNCTIONS)
        if function.get("PackageType") == "Image"
    ]
    versions = aws.for_each(functions, lambda name: _versions(aws, name))
    uses = aws.for_each(
        [version for found in versions for version in found], lambda version: _image(aws, *version)
    )
    return Usage(uses=tuple(use for found in uses for use in found))


def _versions(aws: AwsCalls, name: str) -> list[tuple[str, str]]:
    versions = aws.list_all("lambda", "list_versions_by_function", VERSIONS, FunctionName=name)
    # $LATEST is listed among them by AWS; it is in use whatever an endpoint thinks.
    numbers = dict.fromkeys(["$LATEST", *(version["Version"] for version in versions)])
    return [(name, number) for number in numbers]


def _image(aws: AwsCalls, name: str, version: str) -> list[Use]:
    code: dict[str, Any] = aws.call("lambda", "get_function", FunctionName=name, Qualifier=version)["Code"]
    # The listing has no image, and an image's URI may be a tag that has moved since: the resolved one is exact.
    uris = [code[key] for key in ("ImageUri", "ResolvedImageUri") if code.get(key)]
    references = [reference for uri in uris if (reference := ImageReference.parse(uri))]
    if not references:
        raise IncompleteListing(f"lambda get_function in {aws.region}: {name}:{version} names no image")
    return [Use(reference, f"lambda {name}:{version}") for reference in references]
