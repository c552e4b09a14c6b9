"""A repository of packages, and the stacks of its images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from scoped_images import (
    Environment,
    WorkspaceImages,
)

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
DOCKERFILE = "ARG BASE_IMAGE_URI=python:3.13\nFROM ${BASE_IMAGE_URI}\nCOPY handler.py ./\nRUN true\n"
FILES = {
    "packages/shared/pyproject.toml": '[project]\nname = "shared"\nversion = "1"\n',
    "packages/shared/src/shared/__init__.py": "",
    "lambdas/upload_all/pyproject.toml": (
        '[project]\nname = "upload-all"\nversion = "1"\ndependencies = ["shared"]\n'
    ),
    "lambdas/upload_all/Dockerfile": DOCKERFILE,
    "lambdas/upload_all/handler.py": "",
    "services/web_site/Dockerfile": "FROM node:24\nCOPY handler.py ./\n",
    "services/web_site/handler.py": "",
}


def environment(**changes: Any) -> Environment:
    return Environment(**{"name": "dev", "account": "111111111111", "region": "eu-west-1", **changes})


def stack_in(app: cdk.App, name: str = "shop-dev-functions") -> cdk.Stack:
    return cdk.Stack(app, name, env=environment().place)


def images_in(app: cdk.App, root: Path, env: Any = None, **parts: Any) -> WorkspaceImages:
    return WorkspaceImages(app, env or environment(), prefix="shop-dev", root=root, **parts)


def sources(app: cdk.App, stack: str) -> list[dict[str, Any]]:
    folder = Path(app.synth(force=True).directory)
    manifest = json.loads((folder / f"{stack}.assets.json").read_text())
    return [image["source"] for image in manifest["dockerImages"].values()]
