"""Every stack of the receipts app, in the order in which they deploy."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Stack, Tags
from aws_cdk import Environment as StackEnvironment

from scoped_images import Environment
from stacks.api import ApiStack
from stacks.bases import BaseStack
from stacks.functions import FunctionsStack
from stacks.pruner import PrunerStack
from stacks.repositories import RepositoriesStack
from stacks.storage import StorageStack

ROOT = Path(__file__).parent.parent


def add_stacks(app: App, env: Environment) -> None:
    """Add the stacks of `env` to `app`."""
    place = StackEnvironment(account=env.account, region=env.region)
    prefix = f"receipts-{env.name}"

    repositories = RepositoriesStack(app, f"{prefix}-repositories", environment=env, env=place)
    storage = StorageStack(app, f"{prefix}-storage", environment=env, env=place)
    dynamo = BaseStack(
        app,
        f"{prefix}-base-receipt-dynamo",
        environment=env,
        env=place,
        repository=repositories.base_receipt_dynamo,
        directory=ROOT / "packages" / "receipt_dynamo",
        dockerfile=ROOT / "dockerfiles" / "base_receipt_dynamo.Dockerfile",
    )
    label = BaseStack(
        app,
        f"{prefix}-base-receipt-label",
        environment=env,
        env=place,
        repository=repositories.base_receipt_label,
        directory=ROOT / "packages" / "receipt_label",
        dockerfile=ROOT / "dockerfiles" / "base_receipt_label.Dockerfile",
        base=dynamo.image,
    )
    functions = FunctionsStack(
        app,
        f"{prefix}-functions",
        environment=env,
        env=place,
        root=ROOT,
        repositories=repositories,
        storage=storage,
        receipt_dynamo=dynamo.image,
        receipt_label=label.image,
    )
    api = ApiStack(
        app,
        f"{prefix}-api",
        environment=env,
        env=place,
        root=ROOT,
        repository=repositories.receipt_api,
        storage=storage,
        receipt_dynamo=dynamo.image,
    )
    stacks: list[Stack] = [repositories, storage, dynamo, label, functions, api]
    if env.pruning:
        stacks.append(
            PrunerStack(
                app, f"{prefix}-pruner", environment=env, env=place, root=ROOT, repositories=repositories
            )
        )
    # Each stack and not the app, which may hold other environments.
    for stack in stacks:
        Tags.of(stack).add("environment", env.name)
