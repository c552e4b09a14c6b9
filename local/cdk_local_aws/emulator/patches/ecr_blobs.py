"""Checks and removes manifests of a registry whose blobs are on disk (see cdk_local_aws.emulator.registry_blobs)."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecr

from cdk_local_aws.emulator.blob_store import BlobStore, RepositoryKey
from cdk_local_aws.emulator.patches.ecr_images import Response, parse_manifest


def apply(store: BlobStore) -> None:
    """Refuse manifests whose blobs are not in the store, and drop the blobs of a deleted repository.

    Call it after ecr_mutability.apply(), whose handler it wraps.
    """
    next_put_manifest, stock_delete_repository = ecr._v2_put_manifest, ecr._delete_repository

    def put_manifest(name: str, ref: str, headers: dict[str, str], body: bytes) -> Response:
        """Refuse a manifest that names a blob or manifest which was not pushed before."""
        if name in ecr._repositories and (absent := missing_parts(store, name, body)):
            text = f"manifest names {', '.join(absent)}, which the repository does not have"
            refused: Response = ecr._registry_error(400, "MANIFEST_BLOB_UNKNOWN", text, {"digests": absent})
            return refused
        response: Response = next_put_manifest(name, ref, headers, body)
        return response

    def delete_repository(data: dict[str, Any]) -> Response:
        """Delete a repository with its blobs and manifests, so that a later one of its name is empty."""
        response: Response = stock_delete_repository(data)
        if response[0] < 400:
            name = data["repositoryName"]
            ecr._manifest_blobs.pop(name, None)
            store.keep_only(RepositoryKey(get_account_id(), get_region(), name), ())
        return response

    ecr._v2_put_manifest = put_manifest
    ecr._delete_repository = delete_repository


def missing_parts(store: BlobStore, name: str, body: bytes) -> list[str]:
    """Return the digests that a manifest names and the repository lacks."""
    try:
        manifest = json.loads(body)
    except ValueError:
        return []  # ministack refuses text that is not a manifest
    repository = RepositoryKey(get_account_id(), get_region(), name)
    blobs = [part["digest"] for part in blob_parts(manifest) if not part.get("urls")]
    children = [entry["digest"] for entry in manifest.get("manifests", [])]
    known = ecr._manifest_blobs.get(name, {})
    return [d for d in blobs if store.find(repository, d) is None] + [
        # BuildKit's registry cache may be an index of layers instead of manifests.
        d
        for d in children
        if d not in known and store.find(repository, d) is None
    ]


def blob_parts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the config and layers of a manifest."""
    return [part for part in (manifest.get("config"), *manifest.get("layers", [])) if part]


def collect_garbage(store: BlobStore) -> None:
    """Drop the blobs that no manifest names. Call it at the start, when no client pushes."""
    for (account, region, name), images in ecr._images.all_items():
        named = [
            part["digest"]
            for image in images
            for manifest in [parse_manifest(image)]
            for part in [*blob_parts(manifest), *manifest.get("manifests", [])]
        ]
        store.keep_only(RepositoryKey(account, region, name), named)
    store.collect_garbage()
