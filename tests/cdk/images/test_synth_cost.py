"""What an image adds to synth, counted in calls to JavaScript, which take most of the time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_lambda as lambda_
from constructs import Construct
from jsii._kernel.providers.process import _NodeProcess

from scoped_images import Platform, ScopedContext, ScopedImage
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
    return sent


def image_function(scope: Construct, context: ScopedContext, **options: Any) -> None:
    image = ScopedImage(scope, "Image", context=context, platform=Platform.LINUX_ARM64, **options)
    lambda_.DockerImageFunction(
        scope, "Function", code=image.to_lambda_code(), architecture=lambda_.Architecture.ARM_64
    )


def calls_for(directory: Path, images: int, calls: list[str], *, own_repository: bool) -> int:
    directory.mkdir()
    small_app = SmallApp(directory)
    options = {}
    if own_repository:
        options["repository"] = small_app.repository("app-dev")
    contexts = [small_app.context(f"app{number}") for number in range(images)]
    stack = small_app.stack("Functions")
    calls.clear()
    for number, context in enumerate(contexts):
        image_function(Construct(stack, f"Service{number}"), context, **options)
    small_app.app.synth()
    return len(calls)


@pytest.mark.parametrize("own_repository", [False, True])
def test_each_image_function_takes_the_same_few_calls(
    tmp_path: Path, calls: list[str], own_repository: bool
) -> None:
    """430 once, among 50 images, and more among more."""
    counts = [
        calls_for(tmp_path / str(images), images, calls, own_repository=own_repository)
        for images in (2, 4, 8)
    ]
    each = (counts[1] - counts[0]) / 2
    assert (counts[2] - counts[1]) / 4 == each
    assert each <= 40, each


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
