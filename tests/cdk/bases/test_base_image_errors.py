"""Base images that CDK could not publish in time, or that their dependents could not be built from."""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
import pytest

from scoped_images import Platform, ScopedContext
from scoped_images.cdk.deploy_order import deploy_after
from tests.cdk.base_stacks import base_in_own_stack, dependent_of
from tests.cdk.small_app import PLACE, SmallApp
from tests.refusals import refused

AWAY = cdk.Environment(account="111111111111", region="us-east-1")


def second_in_a_stack(small_app: SmallApp) -> None:
    stack = cdk.Stack.of(base_in_own_stack(small_app))
    small_app.base(stack, "other", small_app.repository("other-dev"))


def second_in_a_repository(small_app: SmallApp) -> None:
    repository = small_app.repository("base-dev")
    for name in ("base", "other"):
        small_app.base(small_app.stack(name.title()), name, repository)


def beside_its_repository(small_app: SmallApp) -> None:
    stack = small_app.stack("One")
    small_app.base(stack, "base", small_app.repository("base-dev", stack))


def away_from_its_repository(small_app: SmallApp) -> None:
    small_app.base(small_app.stack("Far", env=AWAY), "base", small_app.repository("base-dev"))


def dependent_away(small_app: SmallApp) -> None:
    small_app.image(small_app.stack("App", env=AWAY), base=base_in_own_stack(small_app))


def dependent_of_another_platform(small_app: SmallApp) -> None:
    dependent_of(small_app, base_in_own_stack(small_app), platforms=[Platform.LINUX_AMD64])


def dependent_whose_dockerfile_takes_no_base(small_app: SmallApp) -> None:
    base, context = base_in_own_stack(small_app), small_app.context("app")
    context.dockerfile.write_text("FROM scratch\nCOPY . /\n")
    dependent_of(small_app, base, context=ScopedContext.of(context.root))


def dependent_of_another_app(small_app: SmallApp) -> None:
    dependent_of(small_app, base_in_own_stack(SmallApp(small_app.directory / "other")))


def dependent_in_another_stage(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    stack = cdk.Stack(cdk.Stage(small_app.app, "Stage", env=PLACE), "App")
    small_app.image(stack, platforms=base.platforms, base=base)


def dependent_that_its_base_waits_for(small_app: SmallApp) -> None:
    base, app = base_in_own_stack(small_app), small_app.stack("App")
    deploy_after(cdk.Stack.of(base), app)
    small_app.image(app, platforms=base.platforms, base=base)


def dependent_beside_its_base(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    small_app.image(cdk.Stack.of(base), platforms=base.platforms, base=base)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            second_in_a_stack,
            "stack: takes one base image, got 'Base/base' and 'Base/other' in 'Base'; put each into a stack of its own, "
            "so that dependents wait for nothing else",
        ),
        (
            second_in_a_repository,
            "repository: 'Other/other' would move the tag 'stable' of 'Base/base', got 'base-dev' for both; give each a "
            "repository of its own",
        ),
        (
            beside_its_repository,
            "stack: the CLI builds all images of a stack before it deploys the stack, got 'One/base' in the same stack "
            "as its repository 'One/base-dev'; put 'One/base-dev' into a stack of its own",
        ),
        (
            away_from_its_repository,
            "env: repository 'base-dev' is in 111111111111/eu-west-1, got 111111111111/us-east-1 for stack 'Far'; "
            "deploy both to one account and region",
        ),
        (
            dependent_away,
            "env: repository 'base-dev' is in 111111111111/eu-west-1, got 111111111111/us-east-1 for stack 'App'; "
            "deploy both to one account and region",
        ),
        (
            dependent_of_another_platform,
            "platform: base image 'Base/base' is built for linux/arm64, got linux/amd64 for 'App/Image'; build both for "
            "the same platform",
        ),
        (
            dependent_whose_dockerfile_takes_no_base,
            "base: the build would start from something else, got Dockerfile without ARG BASE_IMAGE_URI before its "
            "first FROM; start it with ARG BASE_IMAGE_URI=<public image> and FROM ${BASE_IMAGE_URI}",
        ),
        (
            dependent_of_another_app,
            "stack: CDK orders no stacks across stages or apps, got 'App/Image' and its base image 'Base/base' in "
            "different ones; put both into one Stage of one App",
        ),
        (
            dependent_in_another_stage,
            "stack: CDK orders no stacks across stages or apps, got 'Stage/App/Image' and its base image 'Base/base' in "
            "different ones; put both into one Stage of one App",
        ),
        (
            dependent_that_its_base_waits_for,
            "stack: 'App/Image' needs its base image 'Base/base', got a stack 'Base' that itself waits for 'App'; remove "
            "one of the two dependencies",
        ),
        (
            dependent_beside_its_base,
            "stack: the CLI builds all images of a stack before it deploys the stack, got 'Base/Image' in the same "
            "stack as its base image 'Base/base'; put 'Base/base' into a stack of its own",
        ),
    ],
)
def test_what_could_not_be_built_in_order_is_refused(
    small_app: SmallApp, make: Callable[[SmallApp], None], message: str
) -> None:
    with refused(message):
        make(small_app)
