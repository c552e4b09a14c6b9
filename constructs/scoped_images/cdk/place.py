"""What constructs ask of the tree above them, once: each question is a call to JavaScript, and takes 0.1 to 1 ms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from aws_cdk import Aws, IStackSynthesizer, NestedStack, Stack, Stage
from constructs import IConstruct

from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError

# The parent of a construct, and what a stack was made with, never change.
_STACKS: WeakKeyDictionary[IConstruct, Stack] = WeakKeyDictionary()
_PATHS: WeakKeyDictionary[IConstruct, str] = WeakKeyDictionary()
_STAGES: WeakKeyDictionary[Stack, Stage] = WeakKeyDictionary()
_FOLDERS: WeakKeyDictionary[Stage, tuple[str, str]] = WeakKeyDictionary()
_PLACES: WeakKeyDictionary[Stack, Place] = WeakKeyDictionary()
_CONTEXT: WeakKeyDictionary[Stack, dict[str, Any]] = WeakKeyDictionary()
_SYNTHESIZERS: WeakKeyDictionary[Stack, IStackSynthesizer] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the images of a stack are: values that its stack gives, tokens among them.

    assembly: folder that the stage's manifest is in. assets: folder that assets of the stage are in.
    registry: host of the account's registry.
    """

    account: str
    region: str
    assembly: str
    assets: str
    registry: str
    partition: str

    @property
    def repositories_arn(self) -> str:
        """The ARN of a repository, up to its name."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/"


def stack_of(scope: IConstruct) -> Stack:
    """Return the stack that a construct is in."""
    if isinstance(scope, Stack):
        return scope
    found = _STACKS.get(scope)
    if found is None:
        try:
            found = _STACKS[scope] = Stack.of(scope)
        except RuntimeError:
            raise ScopedImagesError(
                f"scope: must be a Stack or a construct in one, got the place of {path_of(scope)!r}; use a stack as scope"
            ) from None
    return found


def stage_of(stack: Stack) -> Stage:
    """Return the stage that a stack is in: the app, if no other."""
    found = _STAGES.get(stack)
    if found is None:
        stage = Stage.of(stack)
        assert stage is not None, "every construct of an app is in a stage: the app itself is one"
        found = _STAGES[stack] = stage
    return found


def parent_of(stack: Stack) -> Stack | None:
    """Return the stack that a nested stack is in."""
    return stack.nested_stack_parent if isinstance(stack, NestedStack) else None


def context_value(scope: IConstruct, key: str) -> Any:
    """Return a value of the context of a construct's stack, or None."""
    stack = stack_of(scope)
    values = _CONTEXT.setdefault(stack, {})
    if key not in values:
        values[key] = stack.node.try_get_context(key)
    return values[key]


def path_of(construct: IConstruct) -> str:
    """Return the path of a construct in its tree."""
    found = _PATHS.get(construct)
    if found is None:
        found = _PATHS[construct] = construct.node.path
    return found


def synthesizer_of(scope: IConstruct) -> IStackSynthesizer:
    """Return the synthesizer of the stack that a construct is in; a stock one takes 4 ms to hand to Python."""
    stack = stack_of(scope)
    found = _SYNTHESIZERS.get(stack)
    if found is None:
        found = _SYNTHESIZERS[stack] = stack.synthesizer
    return found


def place_of(scope: IConstruct) -> Place:
    """Return what the stack of a construct knows of its surroundings."""
    stack = stack_of(scope)
    found = _PLACES.get(stack)
    if found is None:
        found = _PLACES[stack] = _read(stack)
    return found


def literal_place_of(scope: IConstruct) -> Place:
    """Return the same for a stack with a literal account and region; raise ScopedImagesError for another."""
    place = place_of(scope)
    values = {"account": place.account, "region": place.region}
    if not all(is_known(value) for value in values.values()):
        got = " and ".join(
            f"{name} {value!r}" if is_known(value) else f"no {name}" for name, value in values.items()
        )
        raise ScopedImagesError(
            f"env: stack {path_of(stack_of(scope))!r} needs a literal account and region, because images are built "
            f"before CloudFormation knows tokens, got {got}; use "
            'Stack(…, env=aws_cdk.Environment(account="111111111111", region="eu-west-1"))'
        )
    return place


def address_in(scope: IConstruct, repository_name: str) -> RepositoryAddress:
    """Return the address of a repository in the account and region of a construct."""
    place = literal_place_of(scope)
    return RepositoryAddress(account=place.account, region=place.region, name=repository_name)


def repository_arn(scope: IConstruct, address: RepositoryAddress) -> str:
    """Return the ARN of a repository, in the partition of a construct's stack."""
    partition = place_of(scope).partition
    return f"arn:{partition}:ecr:{address.region}:{address.account}:repository/{address.name}"


def is_known(text: str) -> bool:
    """Return whether a text is literal: CloudFormation puts values in place of tokens."""
    return "${Token[" not in text


def _read(stack: Stack) -> Place:
    stage = stage_of(stack)
    folders = _FOLDERS.get(stage)
    if folders is None:
        folders = _FOLDERS[stage] = (stage.outdir, stage.asset_outdir)
    account, region = stack.account, stack.region
    return Place(
        account=account,
        region=region,
        assembly=folders[0],
        assets=folders[1],
        registry=f"{account}.dkr.ecr.{region}.{_url_suffix()}",
        partition=stack.partition,
    )


@cache
def _url_suffix() -> str:
    """Return the token that every stack has as its `url_suffix`."""
    return str(Aws.URL_SUFFIX)
