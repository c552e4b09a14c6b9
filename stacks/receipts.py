"""Every stack of the receipts app, in the order in which they deploy."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Stack, Tags
from aws_cdk import Environment as StackEnvironment

from scoped_images import (
    BaseImages,
    BuildOptions,
    ImagesLock,
    RefreshMarks,
    RemoteBuilder,
    UpstreamImages,
)
from stacks.api import ApiStack
from stacks.environment import AppEnvironment
from stacks.functions import FunctionsStack
from stacks.pruner import PrunerStack
from stacks.repositories import RepositoriesStack
from stacks.storage import StorageStack

ROOT = Path(__file__).parent.parent


def add_stacks(app: App, env: AppEnvironment) -> None:
    """Add the stacks of `env` to `app`."""
    place = StackEnvironment(account=env.account, region=env.region)
    prefix = f"receipts-{env.name}"

    upstream = UpstreamImages(
        lock=ImagesLock.read(ROOT / "dockerfiles" / "images.lock"), mirrors=env.mirrors or {}
    )
    repositories = RepositoriesStack(app, f"{prefix}-repositories", environment=env, env=place)
    storage = StorageStack(app, f"{prefix}-storage", environment=env, env=place)
    builder_stack = Stack(app, f"{prefix}-builder", env=place) if env.builds_remotely else None
    builder = RemoteBuilder(builder_stack, "Builder", environment_name=env.name) if builder_stack else None
    bases = BaseImages.from_workspace(
        app,
        env,
        root=ROOT,
        workloads=["lambdas", "services"],
        prefix=prefix,
        repositories=repositories,
        options=BuildOptions(upstream=upstream),
        refresh_marks=RefreshMarks.read(ROOT / "dockerfiles" / "bases.lock"),
        builder=builder,
    )
    functions = FunctionsStack(
        app,
        f"{prefix}-functions",
        environment=env,
        env=place,
        root=ROOT,
        repositories=repositories,
        storage=storage,
        bases=bases,
        builder=builder,
    )
    api = ApiStack(
        app,
        f"{prefix}-api",
        environment=env,
        env=place,
        root=ROOT,
        repository=repositories.receipt_api,
        storage=storage,
        bases=bases,
        builder=builder,
    )
    stacks: list[Stack] = [repositories, storage, *bases.stacks, functions, api]
    if builder_stack:
        stacks.append(builder_stack)
    if env.pruning:
        stacks.append(
            PrunerStack(
                app,
                f"{prefix}-pruner",
                environment=env,
                env=place,
                repositories=repositories,
                bases=bases,
            )
        )
    # Each stack and not the app, which may hold other environments.
    for stack in stacks:
        Tags.of(stack).add("environment", env.name)
        stack.termination_protection = not env.destroys
