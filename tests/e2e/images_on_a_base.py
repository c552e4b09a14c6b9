"""An assembly of a base and images on it, as a synth would write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.deployment import Deployment
from tests.unit.building.small_assembly import write_assembly

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
PYTHON = "public.ecr.aws/lambda/python:3.13"
ROLE = (
    "arn:${AWS::Partition}:iam::000000000000:role/cdk-hnb659fds-image-publishing-role-000000000000-us-east-1"
)
CACHE_OPTIONS = {"mode": "max", "image-manifest": "true", "oci-mediatypes": "true", "ignore-error": "true"}


def images_on_a_base(deployment: Deployment, folder: Path, steps: Sequence[str]) -> Path:
    """Write the assembly into `folder`, whose name is in every tag and file, and make the repositories.

    steps: those of each image: repositories `i0`, `i1`, …, of the base `base`.
    """
    base = f"{REGISTRY}/base:sha-{folder.name}"
    images = {"base": _image(folder, "base", f"FROM {PYTHON}\nCOPY file.txt /base.txt\n", {})}
    for number, step in enumerate(steps):
        dockerfile = f"ARG BASE_IMAGE_URI\nFROM $BASE_IMAGE_URI\n{step}\n"
        images[f"i{number}"] = _image(folder, f"i{number}", dockerfile, {"BASE_IMAGE_URI": base})
    ecr = deployment.client("ecr")
    existing = {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]}
    for name in images.keys() - existing:
        ecr.create_repository(repositoryName=name)
    return write_assembly(folder, images)


def _image(folder: Path, name: str, dockerfile: str, arguments: Mapping[str, str]) -> dict[str, Any]:
    context = folder / name
    context.mkdir(parents=True)
    (context / "file.txt").write_text(f"{folder.name} {name}")
    (context / "Dockerfile").write_text(dockerfile)
    cache = {"ref": f"{REGISTRY}/{name}:cache-x"}
    return {
        "displayName": name,
        "source": {
            "directory": name,
            "dockerBuildArgs": arguments,
            "platform": "linux/amd64",
            "cacheFrom": [{"type": "registry", "params": cache}],
            "cacheTo": {"type": "registry", "params": {**cache, **CACHE_OPTIONS}},
        },
        "destinations": {
            "x": {
                "region": "us-east-1",
                "assumeRoleArn": ROLE,
                "repositoryName": name,
                "imageTag": f"sha-{folder.name}",
            }
        },
    }
