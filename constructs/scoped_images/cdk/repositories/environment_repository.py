"""Makes a repository with the lifecycle and the removal policy of an environment."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack

from scoped_images.cdk.environment import Environment
from scoped_images.cdk.repositories.image_repository import ImageRepository
from scoped_images.ecr.lifecycle import ImageLifecycle


def environment_repository(home: Stack, name: str, env: Environment) -> ImageRepository:
    """Make the repository `<name>-<environment>` in the stack `home`."""
    return ImageRepository(
        home,
        name,
        repository_name=f"{name}-{env.name}",
        # ECR does not see what is in use; the pruner does.
        lifecycle=ImageLifecycle(
            max_images=None if env.pruning else env.max_images, untagged_days=env.untagged_days
        ),
        removal_policy=RemovalPolicy.DESTROY if env.destroys else RemovalPolicy.RETAIN,
    )
