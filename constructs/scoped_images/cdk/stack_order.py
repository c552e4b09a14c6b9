"""Has the images of a stack built after the stacks they need."""

from __future__ import annotations

from aws_cdk import Stack, Stage
from constructs import Construct

from scoped_images.cdk.ordered_assets import OrderedAssets
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError


def build_after(scope: Construct, *, path: str, stack: Stack, what: str) -> None:
    """Have the images of `scope`'s stack built after `stack`, which holds the construct `path`."""
    other, stack = stack, Stack.of(scope)
    if stack is other:
        raise ScopedImagesError(
            f"{scope.node.path!r} is in the same stack as {what} {path!r}: the CLI builds all images of "
            f"a stack before it deploys the stack; put {path!r} into a stack of its own"
        )
    if Stage.of(stack) is not Stage.of(other):
        raise ScopedImagesError(
            f"{scope.node.path!r} and {what} {path!r} are in different stages or apps, and CDK orders no stacks "
            "across them; put both into one Stage of one App"
        )
    if stack.nested_stack_parent is not None:
        raise ScopedImagesError(
            f"{scope.node.path!r} is in a nested stack, whose images the CLI builds before {what} {path!r} exists; "
            "put it into a stack of its own"
        )
    if not isinstance(stack.synthesizer, OrderedAssets):
        raise ScopedImagesError(
            f"synthesizer: the CLI would build the images of stack {stack.node.path!r} before {what} {path!r} exists, "
            f"got {type(stack.synthesizer).__name__}; use Stack(…, synthesizer=OrderedAssets()), or for the whole app "
            "App(default_stack_synthesizer=OrderedAssets())"
        )
    try:
        stack.add_stack_dependency(other)
    except RuntimeError:
        raise ScopedImagesError(
            f"{scope.node.path!r} needs {what} {path!r}, whose stack {other.node.path!r} itself waits for "
            f"{stack.node.path!r}; remove one of the two dependencies"
        ) from None


def require_same_place(scope: Construct, address: RepositoryAddress) -> None:
    """Raise unless the stack has the literal account and region of the repository."""
    stack = Stack.of(scope)
    here = RepositoryAddress(account=stack.account, region=stack.region, name=address.name)
    if here != address:
        raise ScopedImagesError(
            f"env: repository {address.name!r} is in {address.account}/{address.region}, got "
            f"{here.account}/{here.region} for stack {stack.node.path!r}; deploy both to one account and region"
        )
