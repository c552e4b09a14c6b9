"""Functions only of images that are in the registry and that Lambda takes; stock ministack asks for neither.

Errors: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html (no indexes, no zstd layers).
"""

from __future__ import annotations

import re
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from local.emulator.patches.ecr_images import Response, error, find_image, parse_manifest

IMAGE_URI = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)


def apply() -> None:
    """Check an image function's image when it is created and when its code changes."""
    stock_create, stock_update = lambda_svc._create_function, lambda_svc._update_code
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    stock_from_template = handlers["create"]

    def create(data: dict[str, Any]) -> Response:
        answered: Response = refusal(data.get("Code", {}).get("ImageUri")) or stock_create(data)
        return answered

    def update(name: str, data: dict[str, Any]) -> Response:
        answered: Response = refusal(data.get("ImageUri")) or stock_update(name, data)
        return answered

    def from_template(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        problem = image_problem(props.get("Code", {}).get("ImageUri"))
        if problem:
            raise ValueError(problem)
        return stock_from_template(logical_id, props, stack_name)

    lambda_svc._create_function = create
    lambda_svc._update_code = update
    handlers["create"] = from_template


def refusal(image_uri: str | None) -> Response | None:
    """InvalidParameterValueException for an image that cannot be a function."""
    problem = image_problem(image_uri)
    return error(400, "InvalidParameterValueException", problem) if problem else None


def image_problem(image_uri: str | None) -> str | None:
    """What is wrong with a function's image, in Lambda's words; None for a good one and for a zip."""
    if image_uri is None:
        return None
    match = IMAGE_URI.match(image_uri)
    if match is None:
        return f"Source image {image_uri} is not valid. Provide a valid source image."
    image_id = {"imageTag": match["tag"], "imageDigest": match["digest"]}
    with request_scope(match["account"], match["region"]):
        image = find_image(match["repository"], {k: v for k, v in image_id.items() if v})
    if image is None:
        return f"Source image {image_uri} does not exist. Provide a valid source image."
    manifest = parse_manifest(image)
    media_types = [layer.get("mediaType", "") for layer in manifest.get("layers", [])]
    if "manifests" in manifest or any(media_type.endswith("zstd") for media_type in media_types):
        return (
            f"The image manifest, config or layer media type for the source image {image_uri} "
            "is not supported."
        )
    return None
