"""The images of ECR repositories, and the images that they were built from."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from scoped_images.ecr.media_types import ANY_IMAGE, CONFIGS, DOCKER_MANIFEST_V1, INDEXES
from scoped_images.pruning.answer import Answer, IncompleteListing
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.image import ACTIVE, ARCHIVED, Image, ImageReference

T = TypeVar("T")

_BASE_NAME = "org.opencontainers.image.base.name"
_BASE_DIGEST = "org.opencontainers.image.base.digest"
# BatchGetImage and BatchDeleteImage take at most this many.
BATCH = 100
_MAX_CONFIG_BYTES = 4_000_000


class _NoManifest(IncompleteListing):
    """Raised when ECR does not return the manifest of an image that it has listed."""


def list_images(aws: AwsCalls, repository: str, *, attempts: int = 3) -> list[Image] | None:
    """Return every image of `repository`, archived ones too, or None if the repository does not exist.

    attempts: how often to list. Another run, a lifecycle rule or a person may delete or archive an image between its
        listing and its manifest.
    """
    try:
        return _list_images(aws, repository)
    except _NoManifest:
        if attempts == 1:
            raise
        return list_images(aws, repository, attempts=attempts - 1)
    except IncompleteListing as error:
        if error.code == "RepositoryNotFoundException":
            return None
        raise


def _list_images(aws: AwsCalls, repository: str) -> list[Image]:
    details = aws.list_parts(
        "ecr",
        "describe_images",
        "imageDetails",
        repositoryName=repository,
        # Without a filter ECR leaves archived images out.
        filter={"imageStatus": "ANY"},
    )
    # The listing names neither an index's children nor, in older SDKs, the subject of an attachment.
    unclear = [
        detail.text("imageDigest")
        for detail in details
        if _status(detail) == ACTIVE and (_is_index(detail) or not detail.fields.get("imageTags"))
    ]
    manifests = read_manifests(aws, repository, unclear)
    return [_image(repository, detail, manifests.get(detail.text("imageDigest"))) for detail in details]


def _status(detail: Answer) -> str:
    # Emulators and registries without an archive leave it out.
    return detail.optional_text("imageStatus") or ACTIVE


def _is_index(detail: Answer) -> bool:
    return detail.optional_text("imageManifestMediaType") in (*INDEXES, None)


def _image(repository: str, detail: Answer, manifest: Answer | None) -> Image:
    status = _status(detail)
    subject = detail.optional_text("subjectManifestDigest")
    children: tuple[str, ...] = ()
    if manifest is not None:
        known_index = detail.fields.get("imageManifestMediaType") in INDEXES
        listed = manifest.parts("manifests") if known_index else manifest.optional_parts("manifests")
        children = tuple(child.text("digest") for child in listed)
        named = manifest.optional_part("subject")
        subject = subject or (named.text("digest") if named else None)
    size = detail.fields.get("imageSizeInBytes", 0)
    return Image(
        repository=repository,
        digest=detail.text("imageDigest"),
        pushed_at=detail.moment("imagePushedAt"),
        size=size if isinstance(size, int) else 0,
        tags=tuple(sorted(detail.texts("imageTags"))) if "imageTags" in detail.fields else (),
        children=children,
        subject=subject,
        status=status,
        archived_at=detail.moment("lastArchivedAt") if status == ARCHIVED else None,
        restored_at=detail.optional_moment("lastActivatedAt"),
        unreadable_index=status != ACTIVE and _is_index(detail),
    )


def read_manifests(aws: AwsCalls, repository: str, digests: Iterable[str]) -> dict[str, Answer]:
    """Return the manifests of these images by digest. Raises IncompleteListing if one is missing."""

    def read(batch: list[str]) -> dict[str, Answer]:
        answer = aws.call(
            "ecr",
            "batch_get_image",
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in batch],
            acceptedMediaTypes=[*ANY_IMAGE, DOCKER_MANIFEST_V1],
        )
        found = {
            image.part("imageId").text("imageDigest"): _parsed(aws, repository, image.text("imageManifest"))
            for image in answer.parts("images")
        }
        for digest in batch:
            if digest not in found:
                raise _NoManifest(f"{answer.source}: no manifest of {repository}@{digest}")
        return found

    manifests: dict[str, Answer] = {}
    for part in aws.for_each(batches(digests, BATCH), read):
        manifests.update(part)
    return manifests


def _parsed(aws: AwsCalls, repository: str, text: str | bytes) -> Answer:
    source = f"an image of {repository} in {aws.region}"
    try:
        value = json.loads(text)
    except ValueError as error:
        raise IncompleteListing(f"{source}: {error}") from error
    if not isinstance(value, dict):
        raise IncompleteListing(f"{source}: cannot read its JSON, got {value!r}")
    return Answer(source, value)


def read_bases(
    aws: AwsCalls, repository: str, digests: Iterable[str]
) -> dict[str, tuple[ImageReference, ...]]:
    """Return the base that each of these images names in its annotations or labels.

    One call returns the annotations of a hundred images. Only an image without them costs two more requests,
    for the labels of its configuration.
    """

    def read(image: tuple[str, Answer]) -> tuple[str, tuple[ImageReference, ...]]:
        digest, manifest = image
        words = manifest.fields.get("annotations") or {}
        config = manifest.fields.get("config") or {}
        if not isinstance(words, dict) or not isinstance(config, dict):
            raise manifest.unreadable("annotations and config", (words, config))
        if _BASE_NAME not in words and config.get("mediaType") in CONFIGS:
            words = _labels(aws, repository, manifest.part("config").text("digest"))
        return digest, _base(words)

    return dict(aws.for_each(read_manifests(aws, repository, digests).items(), read))


def _base(words: dict[str, Any]) -> tuple[ImageReference, ...]:
    named = ImageReference.parse(str(words.get(_BASE_NAME, "")))
    if named is None:
        return ()
    digest = words.get(_BASE_DIGEST) or named.digest
    return (ImageReference(named.repository, named.tag, digest),)


def _labels(aws: AwsCalls, repository: str, config_digest: str) -> dict[str, Any]:
    where = aws.call(
        "ecr", "get_download_url_for_layer", repositoryName=repository, layerDigest=config_digest
    )
    try:
        # ECR has just signed this address.
        with urllib.request.urlopen(where.text("downloadUrl"), timeout=30) as answer:  # noqa: S310
            content = answer.read(_MAX_CONFIG_BYTES)
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise IncompleteListing(f"configuration {config_digest} of {repository}: {error}") from error
    config = _parsed(aws, repository, content)
    options = config.fields.get("config") or {}
    labels = options.get("Labels") if isinstance(options, dict) else options
    if not isinstance(labels, dict | None):
        raise config.unreadable("Labels", labels)
    return labels or {}


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield `items` in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
