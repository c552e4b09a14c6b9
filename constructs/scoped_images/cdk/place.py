"""What constructs ask of the tree above them, once: each question is a call to JavaScript, and takes 0.1 to 1 ms."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from aws_cdk import IStackSynthesizer, Stack, Stage
from constructs import IConstruct

from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError

# The parent of a construct, and what a stack was made with, never change.
_STACKS: WeakKeyDictionary[IConstruct, Stack] = WeakKeyDictionary()
_PATHS: WeakKeyDictionary[IConstruct, str] = WeakKeyDictionary()
_PLACES: WeakKeyDictionary[Stack, Place] = WeakKeyDictionary()
_SYNTHESIZERS: WeakKeyDictionary[Stack, IStackSynthesizer] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the images of a stack are: values that its stack gives, tokens among them.

    assembly: folder that the stage's manifest is in. assets: folder that assets of the stage are in.
    registry: host of the account's registry. repositories_arn: an ARN up to the name of a repository.
    """

    account: str
    region: str
    assembly: str
    assets: str
    registry: str
    repositories_arn: str


def stack_of(scope: IConstruct) -> Stack:
    """Return the stack that a construct is in."""
    found = _STACKS.get(scope)
    if found is None:
        try:
            found = _STACKS[scope] = Stack.of(scope)
        except RuntimeError:
            raise ScopedImagesError(
                f"scope: must be a Stack or a construct in one, got the place of {path_of(scope)!r}; use a stack as scope"
            ) from None
    return found


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
    if any(_is_token(value) for value in values.values()):
        got = " and ".join(
            f"no {name}" if _is_token(value) else f"{name} {value!r}" for name, value in values.items()
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
    return stack_of(scope).format_arn(
        service="ecr",
        account=address.account,
        region=address.region,
        resource="repository",
        resource_name=address.name,
    )


def _is_token(text: str) -> bool:
    return "${Token[" in text


def _read(stack: Stack) -> Place:
    stage = Stage.of(stack)
    assert stage is not None, "every construct of an app is in a stage: the app itself is one"
    account, region = stack.account, stack.region
    return Place(
        account=account,
        region=region,
        assembly=stage.outdir,
        assets=stage.asset_outdir,
        registry=f"{account}.dkr.ecr.{region}.{stack.url_suffix}",
        repositories_arn=f"arn:{stack.partition}:ecr:{region}:{account}:repository/",
    )
