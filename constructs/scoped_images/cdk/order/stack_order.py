"""Has the images of a stack built after the stacks they need."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from scoped_images.cdk.deploy_order import deploy_after
from scoped_images.cdk.order.ordered_assets import ordered_assets_of
from scoped_images.cdk.place import (
    address_in,
    is_same,
    once,
    parent_of,
    path_of,
    reference_of,
    stack_of,
    stage_of,
)
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError


def build_after(scope: Construct, *, needed: Construct, what: str) -> None:
    """Have the images of `scope`'s stack built after the stack that holds `needed`."""
    others, other = _others_before(stack_of(scope)), reference_of(stack_of(needed))
    if other not in others:
        _order(scope, needed, what)
        others.add(other)


@once
def _others_before(_: Stack) -> set[str]:
    """Return which stacks a stack is ordered after: of many images only the first takes the calls to JavaScript."""
    return set()


def _order(scope: Construct, needed: Construct, what: str) -> None:
    stack, other = stack_of(scope), stack_of(needed)
    what = f"{what} {path_of(needed)!r}"
    if is_same(stack, other):
        raise ScopedImagesError(
            f"stack: the CLI builds all images of a stack before it deploys the stack, got {path_of(scope)!r} in the "
            f"same stack as {what}; put {path_of(needed)!r} into a stack of its own"
        )
    if not is_same(stage_of(stack), stage_of(other)):
        raise ScopedImagesError(
            f"stack: CDK orders no stacks across stages or apps, got {path_of(scope)!r} and {what} in different ones; "
            "put both into one Stage of one App"
        )
    if parent_of(stack) is not None:
        raise ScopedImagesError(
            f"stack: the CLI builds the images of a nested stack before {what} exists, got {path_of(scope)!r} in one; "
            "put it into a stack of its own"
        )
    ordered_assets_of(stack, why=f"the CLI would build images before {what} exists")
    try:
        deploy_after(stack, other)
    except RuntimeError:
        raise ScopedImagesError(
            f"stack: {path_of(scope)!r} needs {what}, got a stack {path_of(other)!r} that itself waits for "
            f"{path_of(stack)!r}; remove one of the two dependencies"
        ) from None


def refuse_other_place(scope: Construct, address: RepositoryAddress) -> None:
    """Raise if the repository is in another account or region than the stack, which must name both."""
    here = address_in(scope, address.name)
    if here != address:
        raise ScopedImagesError(
            f"env: repository {address.name!r} is in {address.account}/{address.region}, got "
            f"{here.account}/{here.region} for stack {path_of(stack_of(scope))!r}; deploy both to one account and region"
        )
