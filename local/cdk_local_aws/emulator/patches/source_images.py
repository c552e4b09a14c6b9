"""Checks that the registry has a function's image and that Lambda accepts it, and pins its digest.

Stock ministack accepts any image, and resolves its tag again at each cold start.
Errors: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html (no indexes, no zstd layers).
"""

from __future__ import annotations

import json
import re
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.patches.ecr_images import Response, error, find_image, parse_manifest

IMAGE_URI = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)

# For AWS::URLSuffix a hotswap takes the end of Lambda's host name, which is an IP address here.
HOTSWAPPED_HOST = re.compile(r"^(\d{12}\.dkr\.ecr\.[a-z0-9-]+)\.127\.0\.0\.1/")

RESOLVED = "ResolvedImageUri"


def apply() -> None:
    """Check and pin the image when an image function is created and when its code changes."""
    stock_create, stock_update = lambda_svc._create_function, lambda_svc._update_code
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    stock_from_template = handlers["create"]

    stock_get, stock_spawn = lambda_svc._get_function, lambda_svc._spawn_lambda_container

    def create(data: dict[str, Any]) -> Response:
        answered: Response = refusal(data.get("Code", {}).get("ImageUri")) or stock_create(data)
        if answered[0] < 400:
            pin_digest(data["FunctionName"])
        return answered

    def update(name: str, data: dict[str, Any]) -> Response:
        if "ImageUri" in data:
            data = {**data, "ImageUri": HOTSWAPPED_HOST.sub(r"\1.amazonaws.com/", data["ImageUri"])}
        answered: Response = refusal(data.get("ImageUri")) or stock_update(name, data)
        if answered[0] < 400:
            pin_digest(name)
        return answered

    def from_template(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        problem = image_problem(props.get("Code", {}).get("ImageUri"))
        if problem:
            raise ValueError(problem)
        created = stock_from_template(logical_id, props, stack_name)
        pin_digest(created[0])
        return created

    def get(name: str, qualifier: str | None = None) -> Response:
        status, headers, body = stock_get(name, qualifier)
        answered = json.loads(body)
        resolved = answered.get("Configuration", {}).pop(RESOLVED, None)
        if resolved:
            answered["Code"][RESOLVED] = resolved
        return status, headers, json.dumps(answered).encode()

    def spawn(config: dict[str, Any], *arguments: Any, **options: Any) -> Any:
        image = config.get(RESOLVED) or config.get("ImageUri")
        return stock_spawn({**config, "ImageUri": image} if image else config, *arguments, **options)

    lambda_svc._get_function = get
    lambda_svc._spawn_lambda_container = spawn
    lambda_svc._create_function = create
    lambda_svc._update_code = update
    handlers["create"] = from_template


def pin_digest(name: str) -> None:
    """Store the digest of a function's image, which versions published later keep."""
    config = lambda_svc._functions[name]["config"]
    match = IMAGE_URI.match(config.get("ImageUri") or "")
    image = source_image(match) if match else None
    if match and image:
        place = config["ImageUri"].split("/", 1)[0]
        config[RESOLVED] = f"{place}/{match['repository']}@{image['imageDigest']}"


def source_image(match: re.Match[str]) -> dict[str, Any] | None:
    """Return the image that a URI names, or None if the registry lacks it."""
    image_id = {"imageTag": match["tag"], "imageDigest": match["digest"]}
    with request_scope(match["account"], match["region"]):
        return find_image(match["repository"], {k: v for k, v in image_id.items() if v})


def refusal(image_uri: str | None) -> Response | None:
    """Return InvalidParameterValueException for an image that Lambda does not accept, else None."""
    problem = image_problem(image_uri)
    return error(400, "InvalidParameterValueException", problem) if problem else None


def image_problem(image_uri: str | None) -> str | None:
    """Return Lambda's message for an image that it does not accept; None for others and for a zip."""
    if image_uri is None:
        return None
    match = IMAGE_URI.match(image_uri)
    if match is None:
        return f"Source image {image_uri} is not valid. Provide a valid source image."
    image = source_image(match)
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
