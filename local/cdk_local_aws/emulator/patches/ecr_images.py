"""Answers ECR's image calls for images with several tags or none, and for images that do not exist.

Stock ministack answers an unknown tag with an empty list, so the CDK CLI believes that every image was pushed, and
builds nothing. It knows one tag per image, and deletes the image with any of its tags.
Shapes and messages: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import ecr

Image = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]


def apply() -> None:
    """Answer these calls in place of ministack."""
    ecr._describe_images = describe_images
    ecr._list_images = list_images
    ecr._batch_get_image = batch_get_image
    ecr._batch_delete_image = batch_delete_image


def find_image(repository: str, image_id: dict[str, str]) -> Image | None:
    """Return the image with the given digest, tag or both; None if no image has them."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    for image in ecr._images.get(repository, []) if digest or tag else []:
        if (not digest or image["imageDigest"] == digest) and (not tag or tag in image.get("imageTags", [])):
            found: Image = image
            return found
    return None


def describe_images(data: dict[str, Any]) -> Response:
    """Answer DescribeImages: each image once, and ImageNotFoundException for an unknown one."""
    name = data.get("repositoryName", "")
    if (missing := missing_repository(name)) is not None:
        return missing
    images: list[Image] = []
    for image_id in data.get("imageIds") or []:
        image = find_image(name, image_id)
        if image is None:
            digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
            text = (
                f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within "
                f"the repository with name '{name}' in the registry with id '{get_account_id()}'"
            )
            return error(400, "ImageNotFoundException", text)
        if image not in images:
            images.append(image)
    if not data.get("imageIds"):
        images = [i for i in ecr._images.get(name, []) if selected(i, data)]
    return answer({"imageDetails": [image_detail(name, image) for image in images]})


def image_detail(name: str, image: Image) -> dict[str, Any]:
    """Return an image as DescribeImages shows it, without imageTags if it has none."""
    media_type = image.get("imageManifestMediaType", ecr._DEFAULT_MANIFEST_MEDIA_TYPE)
    manifest = parse_manifest(image)
    detail = {
        "registryId": get_account_id(),
        "repositoryName": name,
        "imageDigest": image["imageDigest"],
        "imageSizeInBytes": image_size(manifest),
        "imagePushedAt": image["imagePushedAt"],
        "imageManifestMediaType": media_type,
        "artifactMediaType": manifest.get("config", {}).get("mediaType", media_type),
    }
    return {**detail, "imageTags": list(image["imageTags"])} if image.get("imageTags") else detail


def image_size(manifest: dict[str, Any]) -> int:
    """Add up the sizes of an image's config and layers, or of the manifests that an index lists."""
    parts = [manifest.get("config", {}), *manifest.get("layers", []), *manifest.get("manifests", [])]
    return sum(int(part.get("size", 0)) for part in parts)


def parse_manifest(image: Image) -> dict[str, Any]:
    """Parse an image's manifest; return an empty one for text that is not JSON, which PutImage accepts."""
    try:
        parsed = json.loads(image.get("imageManifest") or "{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def list_images(data: dict[str, Any]) -> Response:
    """Answer ListImages: one id for each tag, and one with only the digest for an untagged image."""
    name = data.get("repositoryName", "")
    if (missing := missing_repository(name)) is not None:
        return missing
    images = [image for image in ecr._images.get(name, []) if selected(image, data)]
    return answer({"imageIds": [image_id for image in images for image_id in image_ids(image)]})


def image_ids(image: Image) -> list[dict[str, str]]:
    """Return an image's id under each of its tags."""
    digest = {"imageDigest": image["imageDigest"]}
    return [{**digest, "imageTag": tag} for tag in image.get("imageTags", [])] or [digest]


def selected(image: Image, data: dict[str, Any]) -> bool:
    """Return whether the request's tagStatus filter selects the image."""
    status = (data.get("filter") or {}).get("tagStatus", "ANY")
    return bool(status == "ANY" or (status == "TAGGED") == bool(image.get("imageTags")))


def batch_get_image(data: dict[str, Any]) -> Response:
    """Answer BatchGetImage with the tag of the request in each id."""
    name = data.get("repositoryName", "")
    if (missing := missing_repository(name)) is not None:
        return missing
    found, failures = [], []
    for image_id in data.get("imageIds", []):
        image = find_image(name, image_id)
        if image is None:
            failures.append(not_found(image_id))
            continue
        answered = {"imageDigest": image["imageDigest"]}
        if "imageTag" in image_id:
            answered["imageTag"] = image_id["imageTag"]
        found.append(
            {
                "registryId": get_account_id(),
                "repositoryName": name,
                "imageId": answered,
                "imageManifest": image.get("imageManifest", "{}"),
                "imageManifestMediaType": image.get(
                    "imageManifestMediaType", ecr._DEFAULT_MANIFEST_MEDIA_TYPE
                ),
            }
        )
    return answer({"images": found, "failures": failures})


def batch_delete_image(data: dict[str, Any]) -> Response:
    """Answer BatchDeleteImage: delete a tag, and the image with its last tag; a digest deletes all of its tags."""
    name = data.get("repositoryName", "")
    if (missing := missing_repository(name)) is not None:
        return missing
    deleted: list[dict[str, str]] = []
    failures = []
    for image_id in data.get("imageIds", []):
        image = find_image(name, image_id)
        if image is None:
            failures.append(not_found(image_id))
        elif "imageTag" in image_id and len(image["imageTags"]) > 1:
            image["imageTags"].remove(image_id["imageTag"])
            deleted.append({"imageDigest": image["imageDigest"], "imageTag": image_id["imageTag"]})
        elif index := referencing_index(name, image["imageDigest"]):
            reason = f"Requested image referenced by manifest list: [{index}]"
            code = "ImageReferencedByManifestList"
            failures.append({"imageId": image_id, "failureCode": code, "failureReason": reason})
        else:
            deleted.extend(image_ids(image))
            ecr._images[name].remove(image)
            ecr._manifest_blobs.get(name, {}).pop(image["imageDigest"], None)
    return answer({"imageIds": deleted, "failures": failures})


def referencing_index(name: str, digest: str) -> str | None:
    """Return the digest of an index in the repository that lists this image, or None."""
    for image in ecr._images.get(name, []):
        if any(entry.get("digest") == digest for entry in parse_manifest(image).get("manifests", [])):
            return str(image["imageDigest"])
    return None


def not_found(image_id: dict[str, str]) -> dict[str, Any]:
    """Return the failure entry for an unknown image id."""
    return {
        "imageId": image_id,
        "failureCode": "ImageNotFound",
        "failureReason": "Requested image not found",
    }


def missing_repository(name: str) -> Response | None:
    """Return RepositoryNotFoundException if the repository does not exist, else None."""
    if name in ecr._repositories:
        return None
    text = f"The repository with name '{name}' does not exist in the registry with id '{get_account_id()}'"
    return error(400, "RepositoryNotFoundException", text)


def answer(body: dict[str, Any]) -> Response:
    """Return the answer of a successful call."""
    response: Response = json_response(body)
    return response


def error(status: int, code: str, text: str) -> Response:
    """Return the answer of a failed call."""
    response: Response = error_response_json(code, text, status)
    return response
