"""Base images that CDK could not publish in time, or that their dependents could not be built from."""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
import pytest

from scoped_images import BaseImage, Platform, ScopedContext
from scoped_images.cdk.deploy_order import deploy_after
from tests.cdk.base_stacks import base_in_own_stack, dependent_of
from tests.cdk.small_app import PLACE, SmallApp
from tests.refusals import refused

AWAY = cdk.Environment(account="111111111111", region="us-east-1")


def two_in_a_repository(app: SmallApp) -> None:
    repository = app.repository("base-dev")
    for name in ("base", "other"):
        app.base(app.stack(name.title()), name, repository)


def stack_that_a_base_waits_for(app: SmallApp, base: BaseImage) -> cdk.Stack:
    stack = app.stack("App")
    deploy_after(cdk.Stack.of(base), stack)
    return stack


def without_a_base(app: SmallApp) -> ScopedContext:
    context = app.context("app")
    context.dockerfile.write_text("FROM scratch\nCOPY . /\n")
    return ScopedContext.of(context.root)


PLACES_OF_BASES: dict[str, tuple[Callable[[SmallApp], object], str]] = {
    "a second one in a stack": (
        lambda app: app.base(cdk.Stack.of(base_in_own_stack(app)), "other", app.repository("other-dev")),
        "stack: takes one base image, got 'Base/base' and 'Base/other' in 'Base'; put each into a stack of its own, "
        "so that dependents wait for nothing else",
    ),
    "a second one in a repository": (
        two_in_a_repository,
        "repository: 'Other/other' would move the tag 'stable' of 'Base/base', got 'base-dev' for both; give each a "
        "repository of its own",
    ),
    "beside its repository": (
        lambda app: app.base(app.repositories, "base", app.repository("base-dev")),
        "stack: the CLI builds all images of a stack before it deploys the stack, got 'Repositories/base' in the same "
        "stack as its repository 'Repositories/base-dev'; put 'Repositories/base-dev' into a stack of its own",
    ),
    "beside its repository in a stack that JavaScript made": (
        lambda app: app.base(
            app.javascript_stack(), "base", app.repository("base-dev", app.javascript_stack())
        ),
        "stack: the CLI builds all images of a stack before it deploys the stack, got 'Edge/base' in the same "
        "stack as its repository 'Edge/base-dev'; put 'Edge/base-dev' into a stack of its own",
    ),
    "away from its repository": (
        lambda app: app.base(app.stack("Far", env=AWAY), "base", app.repository("base-dev")),
        "env: repository 'base-dev' is in 111111111111/eu-west-1, got 111111111111/us-east-1 for stack 'Far'; "
        "deploy both to one account and region",
    ),
}


@pytest.mark.parametrize("place", PLACES_OF_BASES)
def test_a_base_that_could_not_be_published_is_refused(small_app: SmallApp, place: str) -> None:
    make, message = PLACES_OF_BASES[place]
    with refused(message):
        make(small_app)


DEPENDENTS: dict[str, tuple[Callable[[SmallApp, BaseImage], object], str]] = {
    "away": (
        lambda app, base: app.image(app.stack("App", env=AWAY), base=base),
        "env: repository 'base-dev' is in 111111111111/eu-west-1, got 111111111111/us-east-1 for stack 'App'; "
        "deploy both to one account and region",
    ),
    "of another platform": (
        lambda app, base: dependent_of(app, base, platforms=[Platform.LINUX_AMD64]),
        "platform: base image 'Base/base' is built for linux/arm64, got linux/amd64 for 'App/Image'; build both for "
        "the same platform",
    ),
    "of a Dockerfile that takes no base": (
        lambda app, base: dependent_of(app, base, context=without_a_base(app)),
        "base: the build would start from something else, got Dockerfile without ARG BASE_IMAGE_URI before its "
        "first FROM; start it with ARG BASE_IMAGE_URI=<public image> and FROM ${BASE_IMAGE_URI}",
    ),
    "of another app": (
        lambda app, base: dependent_of(SmallApp(app.directory / "other"), base),
        "stack: CDK orders no stacks across stages or apps, got 'App/Image' and its base image 'Base/base' in "
        "different ones; put both into one Stage of one App",
    ),
    "in another stage": (
        lambda app, base: app.image(cdk.Stack(cdk.Stage(app.app, "Stage", env=PLACE), "App"), base=base),
        "stack: CDK orders no stacks across stages or apps, got 'Stage/App/Image' and its base image 'Base/base' in "
        "different ones; put both into one Stage of one App",
    ),
    "that its base waits for": (
        lambda app, base: app.image(
            stack_that_a_base_waits_for(app, base), base=base, platforms=base.platforms
        ),
        "stack: 'App/Image' needs its base image 'Base/base', got a stack 'Base' that itself waits for 'App'; remove "
        "one of the two dependencies",
    ),
    "beside its base": (
        lambda app, base: app.image(cdk.Stack.of(base), base=base, platforms=base.platforms),
        "stack: the CLI builds all images of a stack before it deploys the stack, got 'Base/Image' in the same "
        "stack as its base image 'Base/base'; put 'Base/base' into a stack of its own",
    ),
}


@pytest.mark.parametrize("dependent", DEPENDENTS)
def test_a_dependent_that_could_not_be_built_in_order_is_refused(small_app: SmallApp, dependent: str) -> None:
    make, message = DEPENDENTS[dependent]
    base = base_in_own_stack(small_app)
    with refused(message):
        make(small_app, base)
