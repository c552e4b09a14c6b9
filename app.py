"""The receipts app: `cdk deploy --all -c env=NAME`."""

from __future__ import annotations

import aws_cdk as cdk

from scoped_images import OrderedAssets
from stacks.environment import AppEnvironment
from stacks.receipts import add_stacks


def main() -> None:
    """Synthesize every stack of the environment that `-c env=` names, by default `local`."""
    app = cdk.App(default_stack_synthesizer=OrderedAssets())
    name = app.node.try_get_context("env") or "local"
    add_stacks(app, AppEnvironment.read(app.node.try_get_context("environments"), name))
    app.synth()


if __name__ == "__main__":
    main()
