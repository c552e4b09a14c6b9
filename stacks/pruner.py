"""The scheduled function that deletes images which nothing uses any more."""

from __future__ import annotations

from aws_cdk import Environment as StackEnvironment
from aws_cdk import Stack
from constructs import Construct

from scoped_images import BaseImages, ImagePruner, Retention
from stacks.environment import AppEnvironment
from stacks.repositories import RepositoriesStack


class PrunerStack(Stack):
    """Prunes the repositories of the base images and of the workloads."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: AppEnvironment,
        env: StackEnvironment,
        repositories: RepositoriesStack,
        bases: BaseImages,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        base_names = [repository.address.name for repository in bases.repositories]
        workloads = [
            repositories.upload_images.address.name,
            repositories.create_labels.address.name,
            repositories.receipt_api.address.name,
        ]
        ImagePruner(
            self,
            "Pruner",
            environment_name=environment.name,
            repositories=[*base_names, *workloads],
            bases=base_names,
            retention=Retention(max_images=environment.max_images, untagged_days=environment.untagged_days),
            delete=environment.pruning == "delete",
        )
