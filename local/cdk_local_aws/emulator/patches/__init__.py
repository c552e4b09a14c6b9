"""Fills the gaps of stock ministack: one module for each, with an apply() that replaces parts of ministack."""

from cdk_local_aws.emulator.blob_store import BlobStore
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.patches import (
    bucket_tags,
    builds,
    custom_resource_errors,
    ec2_types,
    ecr_blobs,
    ecr_images,
    ecr_mutability,
    function_sandbox,
    image_copies,
    interrupted_stacks,
    lambda_containers,
    registry_access,
    registry_paths,
    secrets,
    service_stability,
    source_images,
    stack_waits,
    task_containers,
    task_definitions,
    task_health,
)
from cdk_local_aws.emulator.pretends import runs_linux_programs
from cdk_local_aws.emulator.settings import EmulatorSettings


def apply_all(settings: EmulatorSettings, keys: Keys, store: BlobStore) -> None:
    """Fill every gap. Call this before the first request."""
    ecr_images.apply()
    ecr_mutability.apply()
    ecr_blobs.apply(store)
    function_sandbox.apply()
    registry_access.apply(settings, keys, store)
    registry_paths.apply()
    ec2_types.apply()
    bucket_tags.apply()
    builds.apply(settings, keys)
    secrets.apply()
    custom_resource_errors.apply()
    stack_waits.apply()
    task_definitions.apply()
    source_images.apply()
    task_health.apply()
    service_stability.apply()
    lambda_containers.apply(settings.port, keys)
    task_containers.apply(settings.port, keys)
    if not runs_linux_programs():
        image_copies.apply(store)
    interrupted_stacks.apply(after_load=lambda: ecr_blobs.collect_garbage(store))
