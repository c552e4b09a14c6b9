"""The scheduled function that deletes images which nothing uses any more."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Environment as StackEnvironment
from aws_cdk import Stack
from constructs import Construct

from scoped_images import Environment, ImagePruner, OrderedAssets, Retention
from stacks.repositories import RepositoriesStack


class PrunerStack(Stack):
    """Prunes the base images' repositories and CDK's own, where the workloads' images are."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        env: StackEnvironment,
        root: Path,
        repositories: RepositoriesStack,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        bases = [
            repositories.base_receipt_dynamo.address.name,
            repositories.base_receipt_label.address.name,
        ]
        synthesizer = self.synthesizer
        assert isinstance(synthesizer, OrderedAssets), "app.py gives every stack one"
        ImagePruner(
            self,
            "Pruner",
            handler_directory=root / "lambdas" / "image_pruner",
            environment_name=environment.name,
            repositories=[*bases, synthesizer.image_repository_name],
            bases=bases,
            retention=Retention(max_images=environment.max_images, untagged_days=environment.untagged_days),
            delete=environment.pruning == "delete",
        )
