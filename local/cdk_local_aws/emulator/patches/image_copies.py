"""Makes the copies of cdk-ecr-deployment in the registry itself, on machines where its function cannot run.

The function is a program for Linux on x86-64. Other machines use this handler, and `pretends()` says so.
"""

from __future__ import annotations

import json

from ministack.core.responses import request_scope
from ministack.services import ecr
from ministack.services.cloudformation import provisioners

from cdk_local_aws.emulator.blob_store import BlobStore, RepositoryKey
from cdk_local_aws.emulator.patches.ecr_blobs import blob_parts
from cdk_local_aws.emulator.patches.source_images import IMAGE_URI
from cdk_local_aws.emulator.patches.template import Created, Properties

RESOURCE_TYPE = "Custom::CDKECRDeployment"
SCHEME = "docker://"


def apply(store: BlobStore) -> None:
    """Register a handler of the resource type."""

    def create(logical_id: str, props: Properties, stack_name: str) -> Created:  # noqa: ARG001
        copy(store, props["SrcImage"], props["DestImage"], props.get("ImageArch", "amd64"))
        return props["DestImage"], {}

    def update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Created:  # noqa: ARG001
        return create("", new, stack_name)

    handlers = {"create": create, "update": update, "delete": lambda physical_id, props: None}  # noqa: ARG005
    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE] = handlers


def copy(store: BlobStore, source_uri: str, destination_uri: str, architecture: str) -> None:
    """Copy one image: mount its blobs in the other repository, then put its manifest."""
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
    """Return the repository of a `docker://` address, and the tag or digest in it."""
    match = IMAGE_URI.match(uri.removeprefix(SCHEME))
    if match is None or not uri.startswith(SCHEME):
        raise ValueError(
            f"not the address of an image in ECR, got {uri!r}; write docker://<account>.dkr.ecr…"
        )
    key = RepositoryKey(match["account"], match["region"], match["repository"])
    return key, match["digest"] or match["tag"] or "latest"


def image_manifest(repository: str, ref: str, architecture: str) -> tuple[bytes, str]:
    """Return the manifest and media type of an image, or of the image for the architecture if it is an index."""
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
