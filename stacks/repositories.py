"""The ECR repositories, deployed before anything is built."""

from __future__ import annotations

from aws_cdk import Environment as StackEnvironment
from aws_cdk import Stack
from constructs import Construct

from scoped_images import ImageLifecycle, ImageRepository
from stacks.environment import AppEnvironment
from stacks.removal import removal_policy


class RepositoriesStack(Stack):
    """One repository for each workload; those of the base images are added by BaseImages."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: AppEnvironment, env: StackEnvironment
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        self.upload_images = self._repository("upload-images", environment)
        self.create_labels = self._repository("create-labels", environment)
        self.receipt_api = self._repository("receipt-api", environment)

    def _repository(self, name: str, environment: AppEnvironment) -> ImageRepository:
        return ImageRepository(
            self,
            name,
            repository_name=f"{name}-{environment.name}",
            lifecycle=ImageLifecycle(
                # ECR would not look at what is in use; the pruner does.
                max_images=None if environment.pruning else environment.max_images,
                untagged_days=environment.untagged_days,
            ),
            removal_policy=removal_policy(environment),
        )
