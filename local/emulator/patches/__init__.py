"""What stock ministack lacks: one module per gap, each with an apply() that puts our part in its place."""

from local.emulator.blob_store import BlobStore
from local.emulator.patches import (
    bucket_tags,
    ec2_types,
    ecr_blobs,
    ecr_images,
    ecr_mutability,
    interrupted_stacks,
    secret_ref,
    task_definitions,
)
from local.emulator.settings import EmulatorSettings


def apply_all(settings: EmulatorSettings, store: BlobStore) -> None:  # noqa: ARG001
    """Fill every gap, before the first request."""
    ecr_images.apply()
    ecr_mutability.apply()
    ecr_blobs.apply(store)
    ec2_types.apply()
    bucket_tags.apply()
    secret_ref.apply()
    task_definitions.apply()
    interrupted_stacks.apply(after_load=lambda: ecr_blobs.collect_garbage(store))
