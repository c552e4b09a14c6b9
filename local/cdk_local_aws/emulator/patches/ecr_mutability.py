"""Applies exclusion filters of tag mutability: `cache*` and `stable` may move while content tags must not.

Stock ministack accepts IMMUTABLE_WITH_EXCLUSION, but drops the filters and lets every tag move.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

import re
from typing import Any

from ministack.services import ecr
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.patches.ecr_images import Response, answer, error
from cdk_local_aws.emulator.patches.template import Created, Properties

FILTERS = "imageTagMutabilityExclusionFilters"

stock_create_repository = ecr._create_repository
stock_repo_shape = ecr._repo_shape
stock_put_image = ecr._put_image
stock_put_manifest = ecr._v2_put_manifest
stock_cfn_to_api = provisioners._ecr_cfn_to_api


def apply() -> None:
    """Apply exclusion filters in the ECR API, in the registry and in CloudFormation."""
    ecr._create_repository = create_repository
    ecr._repo_shape = repository_shape
    ecr._put_image = put_image
    ecr._v2_put_manifest = put_manifest
    provisioners._ecr_cfn_to_api = from_cloudformation
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ECR::Repository"]
    stock_create = handlers["create"]

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:
        """Raise ValueError if the repository exists; stock ministack lets the stack take it over."""
        name = props.get("RepositoryName")
        if name in ecr._repositories:
            raise ValueError(
                f"Resource of type 'AWS::ECR::Repository' with identifier '{name}' already exists."
            )
        created: Created = stock_create(logical_id, props, stack_name)
        return created

    handlers["create"], handlers["update"] = create, update_from_cloudformation


def tag_may_move(repository: dict[str, Any], tag: str) -> bool:
    """Return whether an existing tag may move to another image."""
    mode = repository.get("imageTagMutability", "MUTABLE")
    excluded = any(filter_matches(f["filter"], tag) for f in repository.get(FILTERS, []))
    return bool(mode.startswith("MUTABLE") != (excluded and mode.endswith("_WITH_EXCLUSION")))


def filter_matches(pattern: str, tag: str) -> bool:
    """Return whether an exclusion filter selects a tag; `*` is its only wildcard."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), tag) is not None


def create_repository(data: dict[str, Any]) -> Response:
    """Answer CreateRepository, and keep the filters."""
    response: Response = stock_create_repository(data)
    if response[0] < 400 and data.get(FILTERS):
        repository = ecr._repositories[data["repositoryName"]]
        repository[FILTERS] = data[FILTERS]
        return answer({"repository": repository_shape(repository)})
    return response


def repository_shape(repository: dict[str, Any]) -> dict[str, Any]:
    """Return a repository as the API shows it, with its filters."""
    shape: dict[str, Any] = stock_repo_shape(repository)
    return {**shape, FILTERS: repository[FILTERS]} if repository.get(FILTERS) else shape


def from_cloudformation(props: dict[str, Any]) -> dict[str, Any]:
    """Convert a template's repository to members of the API, with its filters."""
    members: dict[str, Any] = stock_cfn_to_api(props)
    filters = [
        {
            "filterType": f["ImageTagMutabilityExclusionFilterType"],
            "filter": f["ImageTagMutabilityExclusionFilterValue"],
        }
        for f in props.get("ImageTagMutabilityExclusionFilters") or []
    ]
    return {**members, FILTERS: filters}


def update_from_cloudformation(name: str, old: Properties, new: Properties, *rest: Any) -> Created:
    """Update a repository, and set its filters."""
    updated: Created = provisioners._ecr_repo_update(name, old, new, *rest)
    repository, members = ecr._repositories[updated[0]], from_cloudformation(new)
    repository["imageTagMutability"] = members.get("imageTagMutability", "MUTABLE")
    repository[FILTERS] = members[FILTERS]
    return updated


def is_taken(name: str, tag: str, digest: str) -> bool:
    """Return whether another image has the tag and the tag must not move."""
    if name not in ecr._repositories or tag_may_move(ecr._repositories[name], tag):
        return False
    return any(
        tag in image.get("imageTags", []) and image["imageDigest"] != digest
        for image in ecr._images.get(name, [])
    )


def immutable_text(name: str, tag: str) -> str:
    """Return ECR's message for a tag that must not move."""
    return (
        f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten "
        "because the tag is immutable."
    )


def put_image(data: dict[str, Any]) -> Response:
    """Answer PutImage: move no immutable tag, and let the registry serve the manifest by its digest."""
    name, tag = data.get("repositoryName", ""), data.get("imageTag")
    digest = data.get("imageDigest") or ecr._image_digest(data.get("imageManifest", ""))
    if tag and is_taken(name, tag, digest):
        return error(400, "ImageTagAlreadyExistsException", immutable_text(name, tag))
    response: Response = stock_put_image(data)
    if response[0] < 400:
        ecr._manifest_blobs.setdefault(name, {})[digest] = data["imageManifest"].encode()
    return response


def put_manifest(name: str, ref: str, headers: dict[str, str], body: bytes) -> Response:
    """Put a manifest, but move no immutable tag."""
    if not ref.startswith("sha256:") and is_taken(name, ref, ecr._content_digest(body)):
        refused: Response = ecr._registry_error(400, "TAG_INVALID", immutable_text(name, ref), {"tag": ref})
        return refused
    response: Response = stock_put_manifest(name, ref, headers, body)
    return response
