"""Checks that a stack can build from what other stacks publish, and makes it wait for them."""

from __future__ import annotations

from aws_cdk import Stack, Stage
from constructs import Construct

from scoped_images.cdk.ordered_assets import OrderedAssets
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError


def build_after(scope: Construct, *, path: str, stack: Stack, what: str) -> None:
    """Have the images of `scope`'s stack built only after `stack` is deployed, which has the construct `path`."""
    other, stack = stack, Stack.of(scope)
    if stack is other:
        raise ScopedImagesError(
            f"{scope.node.path!r} is in the same stack as {what} {path!r}: the CLI builds all images of "
            f"a stack before it deploys anything of it. Put {path!r} into a stack of its own"
        )
    if Stage.of(stack) is not Stage.of(other):
        raise ScopedImagesError(
            f"{scope.node.path!r} and {what} {path!r} are in different stages or apps, which do not wait for "
            "each other's stacks: put both into one Stage of one App"
        )
    if stack.nested_stack_parent is not None:
        raise ScopedImagesError(
            f"{scope.node.path!r} is in a nested stack, whose images are built with its parent's, before "
            f"{what} {path!r} is there: put it into a stack of its own"
        )
    if not isinstance(stack.synthesizer, OrderedAssets):
        raise ScopedImagesError(
            f"stack {stack.node.path!r} would build its images before {what} {path!r} is there: give it "
            "the synthesizer, Stack(…, synthesizer=OrderedAssets()), or the whole app, "
            "App(default_stack_synthesizer=OrderedAssets())"
        )
    try:
        stack.add_stack_dependency(other)
    except RuntimeError:
        raise ScopedImagesError(
            f"{scope.node.path!r} needs {what} {path!r}, whose stack {other.node.path!r} itself waits for "
            f"{stack.node.path!r}: take one of the two dependencies away"
        ) from None


def require_same_place(scope: Construct, address: RepositoryAddress) -> None:
    """Refuse a stack without literal account and region, or one elsewhere than the repository."""
    stack = Stack.of(scope)
    here = RepositoryAddress(account=stack.account, region=stack.region, name=address.name)
    if here != address:
        raise ScopedImagesError(
            f"stack {stack.node.path!r} is in {here.account}/{here.region}, repository {address.name!r} in "
            f"{address.account}/{address.region}: deploy both to one account and region"
        )
