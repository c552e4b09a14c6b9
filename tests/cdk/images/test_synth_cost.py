"""What an image adds to synth, counted in calls to JavaScript, which take most of the time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_lambda as lambda_
from constructs import Construct
from jsii._kernel.providers.process import _NodeProcess

from scoped_images import Platform, ScopedContext, ScopedImage
from scoped_images.cdk.functions import registry_function
from tests.cdk.small_app import SmallApp


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every message to JavaScript from here on, answers to its callbacks among them."""
    sent: list[str] = []
    send = _NodeProcess.send

    def counted(self: Any, request: Any, response_type: Any) -> Any:
        sent.append(type(request).__name__)
        return send(self, request, response_type)

    monkeypatch.setattr(_NodeProcess, "send", counted)
    # With settings of another test's app, each stack asks for its scopes.
    monkeypatch.setattr(registry_function, "_SETTINGS", {})
    return sent


def image_function(scope: Construct, context: ScopedContext, **options: Any) -> None:
    image = ScopedImage(scope, "Image", context=context, platform=Platform.LINUX_ARM64, **options)
    lambda_.DockerImageFunction(
        scope, "Function", code=image.to_lambda_code(), architecture=lambda_.Architecture.ARM_64
    )


Add = Callable[[int], object]


def functions(app: SmallApp, **options: Any) -> Add:
    stack = app.stack("Functions")
    return lambda number: image_function(
        Construct(stack, f"Service{number}"), app.context(f"app{number}"), **options
    )


def functions_of_one_repository(app: SmallApp) -> Add:
    return functions(app, repository=app.repository("app-dev"))


def stacks_with_a_pinned_function(app: SmallApp) -> Add:
    """Each has the function that looks digests up."""
    return lambda number: image_function(
        app.stack(f"Stack{number}"), app.context(f"app{number}"), pin_digest=True
    )


def stacks_with_a_base_image(app: SmallApp) -> Add:
    """Each has the function that moves tags, and a repository in another stack."""
    home = app.repositories
    return lambda number: app.base(
        app.stack(f"Stack{number}"), f"base{number}", app.repository(f"base-{number}", home)
    )


@pytest.mark.parametrize(
    ("of", "most"),
    [
        (functions, 27),
        (functions_of_one_repository, 29),
        (stacks_with_a_pinned_function, 81),
        (stacks_with_a_base_image, 91),
    ],
)
def test_each_further_one_takes_the_same_few_calls(
    tmp_path: Path, calls: list[str], of: Callable[[SmallApp], Add], most: int
) -> None:
    """A function took 430 once among 50 images, and more among more."""

    def calls_for(count: int) -> int:
        app = SmallApp(tmp_path / str(count))
        add = of(app)
        calls.clear()
        for number in range(count):
            add(number)
        app.app.synth()
        return len(calls)

    # The first app asks for what never changes, such as the runtime of functions.
    _, two, three, five = map(calls_for, (1, 2, 3, 5))
    each = three - two
    assert (five - three) / 2 == each
    assert each <= most, each


def test_no_construct_loads_what_synth_does_not_need() -> None:
    """Functions and tasks take half a second, boto3 0.3 s, and cdk-ecr-deployment 0.1 s, which only a copy needs."""
    program = (
        "import sys, scoped_images; "
        "from scoped_images import BaseImage, ImageRepository, ScopedImage, WorkspaceImages; print(*sys.modules); "
        "[getattr(scoped_images, name) for name in scoped_images.__all__]; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True)
    few, every = (set(line.split()) for line in done.stdout.splitlines())
    assert {"aws_cdk.aws_codebuild", "aws_cdk.aws_ecs", "aws_cdk.aws_lambda"} & few == set()
    assert "scoped_images.cdk.images.image_copy" in every
    assert {"boto3", "botocore", "cdk_ecr_deployment"} & every == set()
