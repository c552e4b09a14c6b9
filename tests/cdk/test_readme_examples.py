"""The README's Python and its figures, as written, in a repository that has the files it names."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from scoped_images import ScopedImage
from tests.cdk.test_registry_function import PINNED_RESOURCES, TWO_HUNDRED_RESOURCES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
WORKSPACE = {
    "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*", "lambdas/*"]\n',
    "packages/shared/pyproject.toml": '[project]\nname = "shared"\nversion = "1"\nrequires-python = ">=3.11"\n',
    "packages/shared/src/shared/__init__.py": "",
    "lambdas/upload/pyproject.toml": (
        '[project]\nname = "upload"\nversion = "1"\ndependencies = ["shared"]\n'
        "[tool.uv.sources]\nshared = { workspace = true }\n"
    ),
    "lambdas/upload/handler.py": "",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def write_repository(folder: Path, dockerfile: str) -> Path:
    for name, text in {**WORKSPACE, "lambdas/upload/Dockerfile": dockerfile}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("number", "stacks"),
    [
        (0, {"Shop"}),
        (1, {"shop-dev-repositories", "shop-dev-base-shared", "shop-dev-functions", "shop-dev-pruner"}),
    ],
)
def test_a_program_with_its_dockerfile_synthesizes(tmp_path: Path, number: int, stacks: set[str]) -> None:
    repository = write_repository(tmp_path, blocks("dockerfile")[number])
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[number]],
        cwd=repository,
        env={**os.environ, "CDK_OUTDIR": str(repository / "cdk.out")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = {
        path.name.removesuffix(".template.json") for path in repository.glob("cdk.out/*.template.json")
    }
    assert written == stacks
    manifest = json.loads((repository / "cdk.out" / "manifest.json").read_text())
    assert "aws:cdk:error" not in json.dumps(manifest)


def test_the_programs_are_as_short_as_promised() -> None:
    one, all_images = (
        [node for node in ast.parse(block).body if not isinstance(node, ast.Import | ast.ImportFrom)]
        for block in blocks("python")
    )
    assert (len(one), len(all_images)) == (5, 7)
    assert len(blocks("python")[1].splitlines()) == 10


def figures() -> dict[str, tuple[str, str]]:
    rows = re.findall(
        r"^\| ((?:statements|resources|the same)[^|]*) \| ([^|]*) \| ([^|]*) \|$", README, re.MULTILINE
    )
    return {name: (stock, ours) for name, stock, ours in rows}


def resources(root: Path, outdir: str, *, ours: bool, task: bool) -> str:
    stack = cdk.Stack(cdk.App(outdir=str(root / outdir)), "App")
    if ours:
        code = ScopedImage.from_dockerfile(stack, "Image", root, "lambdas/upload/Dockerfile").to_lambda_code()
    else:
        code = lambda_.DockerImageCode.from_image_asset(
            str(root), file="lambdas/upload/Dockerfile", exclude=["cdk.out*"]
        )
    lambda_.DockerImageFunction(stack, "Function", code=code)
    if task:
        image = (
            ScopedImage.from_dockerfile(stack, "Task", root, "lambdas/upload/Dockerfile").to_container_image()
            if ours
            else ecs.ContainerImage.from_asset(
                str(root), file="lambdas/upload/Dockerfile", exclude=["cdk.out*"]
            )
        )
        ecs.FargateTaskDefinition(stack, "Task" if not ours else "TaskDefinition").add_container(
            "app", image=image
        )
    return str(len(Template.from_stack(stack).to_json()["Resources"]))


def test_the_figures_are_what_synth_makes(tmp_path: Path) -> None:
    root = write_repository(tmp_path, blocks("dockerfile")[0].replace("packages/shared/src/ ", ""))
    counted = {
        name: (
            resources(root, f"cdk.out.stock{task}", ours=False, task=task),
            resources(root, f"cdk.out.ours{task}", ours=True, task=task),
        )
        for name, task in (
            ("resources of 1 function", False),
            ("resources of 1 function and 1 Fargate task", True),
        )
    }
    assert figures() == {
        "statements for the image of a function": ("1", "1"),
        **counted,
        "resources of 200 functions in one stack": ("400", str(TWO_HUNDRED_RESOURCES)),
        "the same, pinned by digest": ("not possible", str(PINNED_RESOURCES)),
    }
