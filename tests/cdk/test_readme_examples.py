"""The README's programs and figures, as written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from scoped_images import ScopedImage
from tests.cdk.functions.test_registry_function import RESOURCES_OF_A_FUNCTION, pinned_resources

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
# tests/docs/test_python.py compares a block that begins so with the file.
EXAMPLE = "# examples/one-function/"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def files_of_the_first_example() -> dict[str, str]:
    """What a reader has who copies the blocks of the README's first section, and nothing else."""
    named = [block for block in blocks(r"(?:python|dockerfile)") if block.startswith(EXAMPLE)]
    return dict(block.removeprefix(EXAMPLE).split("\n", 1) for block in named)


def files_of_the_workspace() -> dict[str, str]:
    """A repository that fits the program of the README's second section."""
    (program,) = (block for block in blocks("python") if not block.startswith(EXAMPLE))
    (dockerfile,) = (block for block in blocks("dockerfile") if not block.startswith(EXAMPLE))
    return {**WORKSPACE, "lambdas/upload/Dockerfile": dockerfile, "app.py": program}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_program_of_the_workspace_synthesizes(tmp_path: Path) -> None:
    """tests/e2e/test_examples.py deploys the first example."""
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=write(tmp_path, files_of_the_workspace()),
        env={**os.environ, "CDK_OUTDIR": str(tmp_path / "cdk.out")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = {path.name.removesuffix(".template.json") for path in tmp_path.glob("cdk.out/*.template.json")}
    names = ("repositories", "base-shared", "functions", "pruner")
    assert written == {f"shop-dev-{name}" for name in names}
    manifest = json.loads((tmp_path / "cdk.out" / "manifest.json").read_text())
    assert "aws:cdk:error" not in json.dumps(manifest)


def figures() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| ((?:resources|the same)[^|]*) \| ([^|]*) \| ([^|]*) \|$", README, re.MULTILINE)
    return {name: (stock, ours) for name, stock, ours in rows}


def resources(root: Path, outdir: str, *, ours: bool, functions: int = 1, task: bool = False) -> int:
    stack = cdk.Stack(cdk.App(outdir=str(root / outdir)), "App")
    for number in range(functions):
        if ours:
            code = ScopedImage.from_dockerfile(stack, f"Image{number}", root / "greet").to_lambda_code()
        else:
            code = lambda_.DockerImageCode.from_image_asset(str(root / "greet"))
        lambda_.DockerImageFunction(stack, f"Function{number}", code=code)
    if task:
        image = (
            ScopedImage.from_dockerfile(stack, "Image", root / "greet").to_container_image()
            if ours
            else ecs.ContainerImage.from_asset(str(root / "greet"))
        )
        ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=image)
    return len(Template.from_stack(stack).to_json()["Resources"])


def test_the_figures_are_what_synth_makes(tmp_path: Path) -> None:
    root = write(tmp_path, files_of_the_first_example())
    one, two = (resources(root, f"cdk.out.stock{count}", ours=False, functions=count) for count in (1, 2))
    # Each further stock function adds the same.
    stock = one + 199 * (two - one)
    counted = {
        "resources of 1 function": (one, resources(root, "cdk.out.ours", ours=True)),
        "resources of 1 function and 1 Fargate task": (
            resources(root, "cdk.out.stock.task", ours=False, task=True),
            resources(root, "cdk.out.ours.task", ours=True, task=True),
        ),
        "resources of 200 functions in one stack": (stock, 200 * RESOURCES_OF_A_FUNCTION),
        "the same, pinned by digest": ("not possible", pinned_resources(200)),
    }
    assert figures() == {name: (str(before), str(after)) for name, (before, after) in counted.items()}
