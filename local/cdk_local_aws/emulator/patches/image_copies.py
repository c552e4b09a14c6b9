"""cdk-ecr-deployment's copies made in the registry itself, where its function cannot run.

The function is one program for Linux on x86-64. On such a machine the real one runs and this module does
nothing; elsewhere it answers for the one resource type, and `pretends()` says so.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import ecr
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.blob_store import BlobStore, RepositoryKey
from cdk_local_aws.emulator.patches.ecr_blobs import blob_parts
from cdk_local_aws.emulator.patches.source_images import IMAGE_URI

RESOURCE_TYPE = "Custom::CDKECRDeployment"
SCHEME = "docker://"

Created = tuple[str, dict[str, Any]]


def apply(store: BlobStore) -> None:
    """Answer for the resource type."""

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Created:  # noqa: ARG001
        copy(store, props["SrcImage"], props["DestImage"], props.get("ImageArch", "amd64"))
        return props["DestImage"], {}

    def update(
        physical_id: str,  # noqa: ARG001
        old_props: dict[str, Any],  # noqa: ARG001
        new_props: dict[str, Any],
        stack_name: str,
    ) -> Created:
        return create("", new_props, stack_name)

    handlers = {"create": create, "update": update, "delete": lambda physical_id, props: None}  # noqa: ARG005
    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE] = handlers


def copy(store: BlobStore, source_uri: str, destination_uri: str, architecture: str) -> None:
    """Copy one image between repositories of an account and region: blobs by mount, then the manifest."""
    source, source_ref = repository_of(source_uri)
    destination, destination_ref = repository_of(destination_uri)
    with request_scope(source.account, source.region):
        manifest, media_type = image_manifest(source.name, source_ref, architecture)
    for part in blob_parts(json.loads(manifest)):
        if not store.mount(source, destination, part["digest"]):
            raise ValueError(f"{source_uri}: blob {part['digest']} is not in its repository")
    with request_scope(destination.account, destination.region):
        headers = {"content-type": media_type}
        status, _, body = ecr._v2_put_manifest(destination.name, destination_ref, headers, manifest)
    if status >= 400:
        raise ValueError(f"{destination_uri}: {json.loads(body)['errors'][0]['message']}")


def repository_of(uri: str) -> tuple[RepositoryKey, str]:
    """The repository of a `docker://` address and the tag or digest in it."""
    match = IMAGE_URI.match(uri.removeprefix(SCHEME))
    if match is None or not uri.startswith(SCHEME):
        raise ValueError(f"{uri!r} is not the address of an image in ECR (docker://<account>.dkr.ecr…)")
    key = RepositoryKey(match["account"], match["region"], match["repository"])
    return key, match["digest"] or match["tag"] or "latest"


def image_manifest(repository: str, ref: str, architecture: str) -> tuple[bytes, str]:
    """An image's manifest and media type; of an index, those of the image for the architecture."""
    _, manifest, media_type = ecr._resolve_manifest(repository, ref)
    if manifest is None:
        raise ValueError(f"{repository}:{ref} is not in the registry")
    entries = json.loads(manifest).get("manifests", [])
    if not entries:
        return bytes(manifest), str(media_type)
    for entry in entries:
        if entry.get("platform", {}).get("architecture") == architecture:
            return image_manifest(repository, entry["digest"], architecture)
    have = sorted(entry.get("platform", {}).get("architecture", "unknown") for entry in entries)
    raise ValueError(f"{repository}:{ref} has no image for {architecture}, it has: {', '.join(have)}")
