"""A wrong argument of a constructor or method is named, before jsii or Python ends in a traceback."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template

import scoped_images
from scoped_images import (
    BaseImages,
    BuildSecret,
    ExistingImage,
    ImagePruner,
    OrderedAssets,
    Platform,
    RegistryFunction,
    RemoteBuilder,
    Retention,
    ScopedContext,
    ScopedImage,
    ScopedImagesError,
)
from tests.cdk.image_users import function_of
from tests.cdk.small_app import SmallApp
from tests.cdk.workspace import environment
from tests.refusals import refused


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The constructors and methods of the public classes of constructs that take arguments."""
    for class_name in scoped_images.__all__:
        cls = getattr(scoped_images, class_name)
        if cls.__module__.startswith(ROOMS):
            for name, member in vars(cls).items():
                function = getattr(member, "__func__", member)
                if inspect.isfunction(function) and (name == "__init__" or not name.startswith("_")):
                    yield f"{class_name}.{name}", function


ROOMS = tuple(
    f"scoped_images.cdk.{room}"
    for room in ("bases", "builds", "functions", "images", "remote", "repositories", "stack_outputs")
)
FUNCTIONS = dict(public_functions())
# The library calls them.
for own in (
    "ImageBuild.__init__",
    "ImageBuilder.__init__",
    "ImageBuilder.build",
    "RemoteBuilder.build",
    "WorkloadBases.__init__",
    "ExistingRepository.keep_moving_tag",
    "ImageRepository.keep_moving_tag",
):
    del FUNCTIONS[own]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_of_no_known_type_is_named_in_every_argument(name: str) -> None:
    function = FUNCTIONS[name]
    _, *arguments = inspect.signature(function).parameters
    for argument in arguments:
        with pytest.raises(ScopedImagesError) as caught:
            function(None, **{argument: complex(1)})
        assert str(caught.value).startswith(f"{argument}: must be "), str(caught.value)


class NoBuilder:
    """A builder of an app's own that forgets to say where the image is."""

    takes_tokens = needs_repository = False

    def build(self, *_: Any) -> Any:
        return None


class Unprintable:
    """Has no text."""

    def __repr__(self) -> str:
        raise ValueError("no text")


def image(scope: Any, construct_id: Any = "X", **options: Any) -> ScopedImage:
    return ScopedImage(scope, construct_id, **options)


def builder(stack: cdk.Stack, **options: Any) -> RemoteBuilder:
    return RemoteBuilder(stack, "X", environment_name="dev", **options)


def pruner(stack: cdk.Stack, **options: Any) -> ImagePruner:
    given = {"environment_name": "dev", "repositories": ["app-dev"], "retention": Retention(max_images=1)}
    return ImagePruner(stack, "X", **{**given, **options})


MISTAKES: dict[str, tuple[Callable[[SmallApp, cdk.Stack], Any], str]] = {
    "no scope": (
        lambda _, __: image(None),
        "scope: must be Construct, got None; use a stack, or a construct in one",
    ),
    "an app as scope": (
        lambda small_app, _: pruner(small_app.app),  # type: ignore[arg-type]
        "scope: must be a Stack or a construct in one, got the place of 'X'; use a stack as scope",
    ),
    "an id that is a number": (
        lambda _, stack: image(stack, 7),
        "construct_id: must be str, got int 7; see help(ScopedImage)",
    ),
    "an empty id": (
        lambda _, stack: image(stack, ""),
        "construct_id: must be a literal that is not empty, got ''; use a name that no other construct in 'App' has",
    ),
    "a token as id": (
        lambda _, stack: image(stack, "${Token[X.1]}"),
        "construct_id: must be a literal that is not empty, got '${Token[X.1]}'; use a name that no other construct in "
        "'App' has",
    ),
    "an id twice": (
        lambda small_app, stack: [small_app.image(stack, "A/X") for _ in range(2)],
        "construct_id: 'App' has a construct 'A--X' already, got 'A/X'; pass another construct_id",
    ),
    "a prefix twice": (
        lambda small_app, _: [
            BaseImages(small_app.app, environment(), bases=[], prefix="shop") for _ in range(2)
        ],
        "prefix: the app has a construct 'shop-base-repositories' already, got 'shop'; pass another prefix",
    ),
    "nothing required": (
        lambda _, stack: image(stack),
        "context of 'App/X': must be ScopedContext or a function, got nothing; use ScopedContext.of(directory)",
    ),
    "an unknown name": (
        lambda _, stack: image(stack, repositry=None),
        "repositry: ScopedImage() has no such argument; use repository=",
    ),
    "the name that CDK has for an id": (
        lambda _, stack: ScopedImage(stack, id="X"),  # type: ignore[call-arg]
        "id: ScopedImage() has no such argument; use construct_id=",
    ),
    "too many by position": (
        lambda _, stack: ExistingImage(stack, "X", "python:3", "linux/arm64"),  # type: ignore[call-arg,arg-type]
        "ExistingImage(): too many positional arguments, got 4 by position; pass each once, and by name",
    ),
    "a class": (
        lambda _, stack: image(stack, builder=RemoteBuilder),
        "builder of 'App/X': must be ImageBuilder, got the class RemoteBuilder; use a RemoteBuilder(…), or None for the "
        "machine that deploys",
    ),
    "a class as a function": (
        lambda _, stack: image(stack, context=ScopedContext),
        "context of 'App/X': must be ScopedContext or a function, got the class ScopedContext; use "
        "ScopedContext.of(directory)",
    ),
    "True as a number": (
        lambda _, stack: ScopedImage.from_dockerfile(stack, "X", ".", max_bytes=True),
        "max_bytes of 'App/X': must be int, got bool True; see help(ScopedImage.from_dockerfile)",
    ),
    "an item of one of two kinds": (
        lambda small_app, _: BaseImages(small_app.app, environment(), bases=[7], prefix="shop"),  # type: ignore[list-item]
        "bases[0]: must be BaseDeclaration, got int 7; see help(BaseImages)",
    ),
    "a class of CDK with the same name": (
        lambda small_app, _: BaseImages(small_app.app, cdk.Environment(), bases=[], prefix="shop"),  # type: ignore[arg-type]
        "env: must be Environment, got aws_cdk.Environment; use Environment.read(app.node.get_context('environments'), "
        "name)",
    ),
    "a text as a list": (
        lambda _, stack: pruner(stack, repositories="app-dev"),
        "repositories of 'App/X': must be a list, got str 'app-dev'; use [first, second]",
    ),
    "an item of a list": (
        lambda _, stack: pruner(stack, repositories=["app-dev", 7]),
        "repositories[1] of 'App/X': must be str, got int 7; see help(ImagePruner)",
    ),
    "a secret": (
        lambda _, stack: builder(stack, secrets={"pip": "hunter2"}),
        "secrets['pip'] of 'App/X': must be BuildSecret, got str; use BuildSecret.secrets_manager(…) or "
        "BuildSecret.parameter(…)",
    ),
    "a key of a mapping": (
        lambda _, stack: builder(stack, secrets={7: BuildSecret.parameter("x")}),
        "key of secrets of 'App/X': must be str, got int 7; see help(RemoteBuilder)",
    ),
    "an interface of CDK": (
        lambda _, stack: builder(stack, vpc=kms.Key(stack, "Key")),
        "vpc of 'App/X': must be IVpc, got Key; see help(RemoteBuilder)",
    ),
    "a dict that is not CDK's struct": (
        lambda _, stack: builder(stack, vpc=ec2.Vpc(stack, "Vpc"), subnets={"subnet_typ": "PUBLIC"}),
        "subnets of 'App/X': must be SubnetSelection, got dict; use "
        "aws_ec2.SubnetSelection(subnet_type=aws_ec2.SubnetType.PUBLIC)",
    ),
    "an object whose text fails": (
        lambda _, stack: builder(stack, timeout=Unprintable()),
        "timeout of 'App/X': must be Duration, got Unprintable; use Duration.minutes(30)",
    ),
    "a name unknown to CDK's synthesizer": (
        lambda _, __: OrderedAssets(qualifer="team1"),
        "qualifer: DefaultStackSynthesizer() has no such argument; use qualifier=",
    ),
    "a builder that returns nothing": (
        lambda small_app, stack: small_app.image(stack, "X", builder=NoBuilder()),
        "NoBuilder.build(): must be PublishedImage, got None; return PublishedImage(repository=…, tag=…)",
    ),
    "a method": (
        lambda small_app, stack: small_app.image(stack, "X").to_lambda_code(cmd=[7]),  # type: ignore[list-item]
        "cmd[0] of 'App/X': must be str, got int 7; see help(ScopedImage.to_lambda_code)",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(small_app: SmallApp, mistake: str) -> None:
    make, message = MISTAKES[mistake]
    with refused(message):
        make(small_app, small_app.stack("App"))


@pytest.mark.parametrize("text", ["of the app's own", "already a Construct with name 'Images' in App"])
def test_another_error_of_javascript_stays_what_it_is(small_app: SmallApp, text: str) -> None:
    def no_context(_: Platform) -> Any:
        raise RuntimeError(text)

    with pytest.raises(RuntimeError, match=text):
        small_app.image(small_app.stack("App"), "Image", context=no_context)


def test_what_exists_outside_the_app_is_as_good_as_a_construct_of_it(small_app: SmallApp) -> None:
    """CDK gives such a key and such a VPC as objects of classes of its own."""
    stack = small_app.stack("App")
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111111111111:key/1")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["eu-west-1a"], private_subnet_ids=["subnet-1"]
    )
    assert builder(stack, vpc=vpc, secret_keys=[key]).settings.vpc is vpc


def test_a_dict_is_as_good_as_the_struct_of_cdk(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    vpc = ec2.Vpc(stack, "Vpc")
    first: Any = {"subnets": [vpc.private_subnets[0]]}
    RegistryFunction(vpc=vpc, subnets=first).use_in(stack)
    repository = small_app.repository()
    looked_up = small_app.image(stack, "LookedUp", repository=repository, pin_digest=True)
    function_of(stack, looked_up)
    small_app.image(stack, "Built", repository=repository, builder=builder(stack, vpc=vpc, subnets=first))
    template = Template.from_stack(stack)
    subnets = [{"Ref": Match.string_like_regexp("VpcPrivateSubnet1")}]
    template.has_resource_properties("AWS::CodeBuild::Project", {"VpcConfig": {"Subnets": subnets}})
    template.has_resource_properties("AWS::Lambda::Function", {"VpcConfig": {"SubnetIds": subnets}})


def test_a_class_whose_call_returns_a_context_is_as_good_as_a_function(small_app: SmallApp) -> None:
    class AppContext:
        def __new__(cls, _: Platform) -> Any:
            return small_app.context("app")

    stack = small_app.stack("App")
    made = small_app.image(stack, "Made", context=AppContext)
    assert made.tag == small_app.image(stack, "Given", context=small_app.context("app")).tag
