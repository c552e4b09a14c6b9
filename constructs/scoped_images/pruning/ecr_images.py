"""The images of ECR repositories, and what they were built from."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from scoped_images.pruning.aws_calls import AwsCalls, IncompleteListing, Paging
from scoped_images.pruning.image import Image, ImageReference

T = TypeVar("T")

IMAGES = Paging("imageDetails", "nextToken", "nextToken", ("maxResults", 1000))

_INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
)
_CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_BASE_NAME = "org.opencontainers.image.base.name"
_BASE_DIGEST = "org.opencontainers.image.base.digest"
# What BatchGetImage and BatchDeleteImage take at once.
BATCH = 100
_MAX_CONFIG_BYTES = 4_000_000


def list_images(aws: AwsCalls, repository: str) -> list[Image] | None:
    """Every image of `repository`, or None if there is no such repository (any more)."""
    try:
        details = aws.list_all("ecr", "describe_images", IMAGES, repositoryName=repository)
    except IncompleteListing as error:
        if error.code == "RepositoryNotFoundException":
            return None
        raise
    # The listing names neither an index's children nor, in older SDKs, the subject of an attachment.
    unclear = [
        detail["imageDigest"]
        for detail in details
        if detail.get("imageManifestMediaType") in _INDEX_TYPES or not detail.get("imageTags")
    ]
    manifests = read_manifests(aws, repository, unclear)
    return [_image(repository, detail, manifests.get(detail["imageDigest"], {})) for detail in details]


def _image(repository: str, detail: dict[str, Any], manifest: dict[str, Any]) -> Image:
    return Image(
        repository=repository,
        digest=detail["imageDigest"],
        pushed_at=detail["imagePushedAt"],
        size=detail.get("imageSizeInBytes", 0),
        tags=tuple(sorted(detail.get("imageTags", ()))),
        children=tuple(child["digest"] for child in manifest.get("manifests", ())),
        subject=detail.get("subjectManifestDigest") or manifest.get("subject", {}).get("digest"),
    )


def read_manifests(aws: AwsCalls, repository: str, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The manifests of these images by digest. Raises IncompleteListing if one is missing."""

    def read(batch: list[str]) -> dict[str, dict[str, Any]]:
        answer = aws.call(
            "ecr",
            "batch_get_image",
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in batch],
            acceptedMediaTypes=[*_INDEX_TYPES, *_MANIFEST_TYPES],
        )
        found = {image["imageId"]["imageDigest"]: image["imageManifest"] for image in answer["images"]}
        for digest in batch:
            if digest not in found:
                raise IncompleteListing(
                    f"ecr batch_get_image in {aws.region}: no manifest of {repository}@{digest}"
                )
        return {digest: json.loads(manifest) for digest, manifest in found.items()}

    manifests: dict[str, dict[str, Any]] = {}
    for part in aws.for_each(batches(digests, BATCH), read):
        manifests.update(part)
    return manifests


def read_bases(
    aws: AwsCalls, repository: str, digests: Iterable[str]
) -> dict[str, tuple[ImageReference, ...]]:
    """What each of these images says that it was built from; without a word of it, nothing.

    The manifest's annotations answer a hundred at a time; only images without them cost a call each, for
    the labels of their configuration.
    """

    def read(image: tuple[str, dict[str, Any]]) -> tuple[str, tuple[ImageReference, ...]]:
        digest, manifest = image
        words = manifest.get("annotations") or {}
        config = manifest.get("config") or {}
        if _BASE_NAME not in words and config.get("mediaType") in _CONFIG_TYPES:
            words = _labels(aws, repository, config["digest"])
        return digest, _base(words)

    return dict(aws.for_each(read_manifests(aws, repository, digests).items(), read))


def _base(words: dict[str, str]) -> tuple[ImageReference, ...]:
    named = ImageReference.parse(words.get(_BASE_NAME, ""))
    if named is None:
        return ()
    digest = words.get(_BASE_DIGEST) or named.digest
    return (ImageReference(named.repository, named.tag, digest),)


def _labels(aws: AwsCalls, repository: str, config_digest: str) -> dict[str, str]:
    where = aws.call(
        "ecr", "get_download_url_for_layer", repositoryName=repository, layerDigest=config_digest
    )
    try:
        # The address is the one that ECR has just signed.
        with urllib.request.urlopen(where["downloadUrl"], timeout=30) as answer:  # noqa: S310
            config = json.loads(answer.read(_MAX_CONFIG_BYTES))
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise IncompleteListing(f"configuration {config_digest} of {repository}: {error}") from error
    return (config.get("config") or {}).get("Labels") or {}


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items` in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
