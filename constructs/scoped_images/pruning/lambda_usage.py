"""Images of Lambda functions."""

from __future__ import annotations

from scoped_images.pruning.answer import Answer
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.image import ImageReference
from scoped_images.pruning.usage import Usage, Use


def lambda_usage(aws: AwsCalls) -> Usage:
    """Return the image of `$LATEST` and of every published version of every image function.

    An alias can only point to one of these.
    """
    functions = [
        function.text("FunctionName")
        for function in aws.list_parts("lambda", "list_functions", "Functions")
        # An unknown type may run an image; GetFunction then says so, or the run fails.
        if function.text("PackageType") != "Zip"
    ]
    versions = aws.collect(functions, lambda name: _versions(aws, name))
    return Usage(uses=tuple(aws.collect(versions, lambda version: _uses(aws, *version))))


def _versions(aws: AwsCalls, name: str) -> list[tuple[str, str]]:
    numbers = [
        version.text("Version")
        for version in aws.list_parts("lambda", "list_versions_by_function", "Versions", FunctionName=name)
    ]
    if "$LATEST" not in numbers:
        raise Answer(f"lambda list_versions_by_function in {aws.region}", {}).unreadable(
            f"the versions of {name}, which always include $LATEST", numbers
        )
    return [(name, number) for number in numbers]


def _uses(aws: AwsCalls, name: str, version: str) -> list[Use]:
    code = aws.call("lambda", "get_function", FunctionName=name, Qualifier=version).part("Code")
    # ImageUri may be a tag that has moved since. ResolvedImageUri is the digest that the version runs.
    uris = [code.text(key) for key in ("ImageUri", "ResolvedImageUri")]
    return [Use(ImageReference.read(uri, code), f"lambda {name}:{version}") for uri in uris]
