"""Every stack of the receipts app, in the order in which they deploy."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Tags

from scoped_images import WorkspaceImages
from stacks.api import ApiStack
from stacks.environment import AppEnvironment
from stacks.functions import FunctionsStack
from stacks.storage import StorageStack

ROOT = Path(__file__).parent.parent


def add_stacks(app: App, env: AppEnvironment) -> None:
    """Add the stacks of `env` to `app`."""
    prefix = f"receipts-{env.name}"
    images = WorkspaceImages(app, env, prefix=prefix, root=ROOT, workloads=["lambdas", "services"])
    storage = StorageStack(app, f"{prefix}-storage", environment=env)
    functions = FunctionsStack(app, f"{prefix}-functions", environment=env, images=images, storage=storage)
    api = ApiStack(app, f"{prefix}-api", environment=env, images=images, storage=storage)
    images.add_outputs()
    # Each stack and not the app, which may hold other environments.
    for stack in [*images.stacks, storage, functions, api]:
        Tags.of(stack).add("environment", env.name)
        stack.termination_protection = not env.destroys
