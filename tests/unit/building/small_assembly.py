"""Writes cloud assemblies as the CDK writes them, as far as a build reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOST = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::111111111111:role/publish"


def uri(name: str) -> str:
    """The reference of an image of these assemblies: its repository has its name."""
    return f"{HOST}/{name}:sha-{name}"


def docker_image(
    name: str, *, destinations: Mapping[str, Any] | None = None, **source: Any
) -> dict[str, Any]:
    """An entry of `dockerImages`, which goes to the repository of its name."""
    return {
        "displayName": f"stack/{name}",
        "source": {
            "directory": f"asset.{name}",
            "dockerFile": "Dockerfile",
            "platform": "linux/amd64",
            **source,
        },
        "destinations": destinations
        or {
            "one": {
                "repositoryName": name,
                "imageTag": f"sha-{name}",
                "region": "eu-west-1",
                "assumeRoleArn": ROLE,
            }
        },
    }


def on(base: str) -> dict[str, Any]:
    """The options of an image that is built FROM another one."""
    return {"dockerBuildArgs": {"BASE_IMAGE_URI": uri(base)}}


def write_assembly(
    folder: Path,
    images: Mapping[str, Mapping[str, Any]],
    *,
    stack: str = "stack",
    resources: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    nested: str | None = None,
    region: str = "eu-west-1",
) -> Path:
    """Write an assembly of one stack with these images; nested: a folder with a further assembly in it."""
    folder.mkdir(parents=True, exist_ok=True)
    artifacts: dict[str, Any] = {
        f"{stack}.assets": {"type": "cdk:asset-manifest", "properties": {"file": f"{stack}.assets.json"}},
        stack: {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{stack}.template.json"},
            "dependencies": [f"{stack}.assets"],
            "displayName": f"app/{stack}",
            "environment": f"aws://111111111111/{region}",
            "additionalMetadataFile": f"{stack}.metadata.json",
        },
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
    }
    if nested:
        artifacts["nested"] = {"type": "cdk:cloud-assembly", "properties": {"directoryName": nested}}
    for name, content in {
        "manifest.json": {"version": "55.0.0", "artifacts": artifacts},
        f"{stack}.assets.json": {"version": "55.0.0", "files": {}, "dockerImages": images},
        f"{stack}.template.json": {"Resources": resources or {}},
        f"{stack}.metadata.json": metadata or {},
    }.items():
        (folder / name).write_text(json.dumps(content))
    return folder
