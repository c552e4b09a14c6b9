"""What constructs ask of the tree above them, once: each question is a call to JavaScript, and takes 0.1 to 1 ms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, TypeVar

from aws_cdk import Aws, IStackSynthesizer, NestedStack, Stack, Stage
from constructs import IConstruct

from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError

Key = TypeVar("Key", bound=IConstruct)
Answer = TypeVar("Answer")


def reference_of(construct: IConstruct) -> str:
    """Return jsii's reference of a construct.

    jsii makes a new object each time that it returns a construct of JavaScript's. The reference stays, and jsii frees
    nothing before the app ends.
    """
    reference: str = construct.__jsii_ref__.ref  # type: ignore[attr-defined]
    return reference


def is_same(one: IConstruct, other: IConstruct) -> bool:
    """Return whether two objects are one construct."""
    return reference_of(one) == reference_of(other)


def once(ask: Callable[[Key], Answer]) -> Callable[[Key], Answer]:
    """Decorate a question about a construct whose answer never changes."""
    answers: dict[str, Answer] = {}

    @wraps(ask)
    def answer(construct: Key) -> Answer:
        reference = reference_of(construct)
        if reference not in answers:
            answers[reference] = ask(construct)
        return answers[reference]

    return answer


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
    return scope if isinstance(scope, Stack) else _stack_of(scope)


@once
def _stack_of(scope: IConstruct) -> Stack:
    try:
        return Stack.of(scope)
    except RuntimeError:
        raise ScopedImagesError(
            f"scope: must be a Stack or a construct in one, got the place of {path_of(scope)!r}; use a stack as scope"
        ) from None


@once
def stage_of(stack: Stack) -> Stage:
    """Return the stage that a stack is in: the app, if no other."""
    stage = Stage.of(stack)
    assert stage is not None, "every construct of an app is in a stage: the app itself is one"
    return stage


def parent_of(stack: Stack) -> Stack | None:
    """Return the stack that a nested stack is in."""
    return stack.nested_stack_parent if isinstance(stack, NestedStack) else None


def context_value(scope: IConstruct, key: str) -> Any:
    """Return a value of the context of a construct's stack, or None."""
    stack = stack_of(scope)
    values = _context_of(stack)
    if key not in values:
        values[key] = stack.node.try_get_context(key)
    return values[key]


@once
def _context_of(_: Stack) -> dict[str, Any]:
    return {}


@once
def path_of(construct: IConstruct) -> str:
    """Return the path of a construct in its tree."""
    return construct.node.path


def synthesizer_of(scope: IConstruct) -> IStackSynthesizer:
    """Return the synthesizer of the stack that a construct is in; a stock one takes 4 ms to hand to Python."""
    return _synthesizer_of(stack_of(scope))


@once
def _synthesizer_of(stack: Stack) -> IStackSynthesizer:
    return stack.synthesizer


def place_of(scope: IConstruct) -> Place:
    """Return what the stack of a construct knows of its surroundings."""
    return _place_of(stack_of(scope))


@once
def _place_of(stack: Stack) -> Place:
    account, region = stack.account, stack.region
    assembly, assets = _folders_of(stage_of(stack))
    return Place(
        account=account,
        region=region,
        assembly=assembly,
        assets=assets,
        registry=f"{account}.dkr.ecr.{region}.{_url_suffix()}",
        partition=stack.partition,
    )


@once
def _folders_of(stage: Stage) -> tuple[str, str]:
    return stage.outdir, stage.asset_outdir


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


@cache
def _url_suffix() -> str:
    """Return the token that every stack has as its `url_suffix`."""
    return str(Aws.URL_SUFFIX)
