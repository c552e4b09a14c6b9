"""What changes in a template with an image, which decides whether `cdk deploy --hotswap` takes it.

The CLI swaps a function's `Code` and the containers of a task definition, and skips a deploy's other changes
(aws-cdk-cli, toolkit-lib, api/hotswap).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_

from scoped_images import ScopedImage
from tests.cdk.small_app import SmallApp


def changed_paths(before: Any, after: Any, path: str = "") -> set[str]:
    """The keys of two JSON values that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = before.keys() | after.keys()
        return set().union(*(changed_paths(before.get(key), after.get(key), f"{path}/{key}") for key in keys))
    return set() if before == after else {path}


def template(folder: Path, content: str, *, pinned: bool) -> dict[str, Any]:
    """The template of a function and a task that run an image with this content."""
    folder.mkdir()
    app = SmallApp(folder)
    stack = app.stack("App")
    context = app.directory / "image"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY code.py /\n")
    (context / "code.py").write_text(content)
    image = ScopedImage.from_dockerfile(stack, "Image", context, pin_digest=pinned)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=image.to_container_image())
    resources: dict[str, Any] = json.loads(json.dumps(app.synth()["App.template.json"]))["Resources"]
    return resources


@pytest.mark.parametrize("pinned", [False, True], ids=["by tag", "pinned"])
def test_only_what_runs_an_image_by_its_tag_changes_with_it(tmp_path: Path, pinned: bool) -> None:
    before = template(tmp_path / "one", "one", pinned=pinned)
    after = template(tmp_path / "two", "two", pinned=pinned)
    types = {path: after[path.split("/")[1]]["Type"] for path in changed_paths(before, after)}
    swapped = {
        "AWS::Lambda::Function": "Properties/Code/ImageUri",
        "AWS::ECS::TaskDefinition": "Properties/ContainerDefinitions",
    }
    others = {kind for path, kind in types.items() if swapped.get(kind, "-") not in path}
    assert set(types.values()) - others == set(swapped)
    # The look-up of a pinned image is what the CLI cannot swap.
    assert others == ({"Custom::ScopedImagesDigests"} if pinned else set())
