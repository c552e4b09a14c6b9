"""Drives the real CDK CLI against a local environment, and reads what came of it from the registry."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdk_local_aws.engine import Engine
from cdk_local_aws.environment import LocalEnvironment

RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >> "$RECORDED_BUILDS"
exec "$REAL_CDK_DOCKER" "$@"
"""


@dataclass
class Deployment:
    """One project folder, deployed to one local environment."""

    project: Path
    env: LocalEnvironment
    engine: Engine
    environment: str = "local"
    registry_port: int | None = None
    # Whether CDK validates templates, as it does by default. That takes seconds of each synth.
    validation: bool = False
    output: str = field(default="", init=False)

    def variables(self) -> dict[str, str]:
        """The environment for commands: the local one, with a docker that records how it is called."""
        variables = self.env.process_environment(self.engine)
        recorder = self.project.parent / "recording-docker"
        recorder.write_text(RECORDER)
        recorder.chmod(0o755)
        variables |= {
            "REAL_CDK_DOCKER": variables["CDK_DOCKER"],
            "CDK_DOCKER": str(recorder),
            "RECORDED_BUILDS": str(self._records),
            # test_readme.py deploys with it on.
            "CDK_VALIDATION": "true" if self.validation else "false",
        }
        if self.registry_port is not None:
            variables["LOCAL_AWS_REGISTRY_PORT"] = str(self.registry_port)
        return variables

    def cdk(self, *arguments: str) -> list[str]:
        """Run `cdk`; return the images built, by display name. A failure fails the test with its output."""
        self._records.write_text("")
        done = subprocess.run(
            ["cdk", *arguments, "-c", f"env={self.environment}"],
            cwd=self.project,
            env=self.variables(),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, self.output[-6000:]
        return self.built()

    def deploy(self, *flags: str) -> list[str]:
        """`cdk deploy --all`; return the images built."""
        return self.cdk(
            "deploy", "--all", "--require-approval", "never", "--outputs-file", str(self.outputs_file), *flags
        )

    def built(self) -> list[str]:
        """Display names of the images that docker was asked to build."""
        # The CLI lowers the asset's id for docker, display name and all.
        names = {
            f"cdkasset-{asset_id.lower()}": image["displayName"] for asset_id, image in self._assets().items()
        }
        builds = [line for line in self._records.read_text().splitlines() if line.startswith("build ")]
        return sorted({names[line.split(" --tag ")[1].split()[0]] for line in builds})

    def digests(self) -> dict[str, str]:
        """Digest in the registry of each image of the last synth, by display name."""
        found: dict[str, str] = {}
        for image in self._assets().values():
            for destination in image["destinations"].values():
                digest = self.tags(destination["repositoryName"])[destination["imageTag"]]
                name = image["displayName"]
                assert found.setdefault(name, digest) == digest, f"{name} is two images under its two tags"
        return found

    def rebuilt(self, deploy: Callable[[], object]) -> set[str]:
        """Names of the images that have another digest in the registry after `deploy` than before."""
        before = self.digests()
        deploy()
        return {name for name, digest in self.digests().items() if digest != before.get(name)}

    def known(self, *repositories: str) -> set[str]:
        """Every digest that these repositories hold."""
        ecr = self.client("ecr")
        return {
            image["imageDigest"]
            for name in repositories
            for image in ecr.describe_images(repositoryName=name)["imageDetails"]
        }

    def tags(self, repository: str) -> dict[str, str]:
        """Digest of each tag of a repository."""
        images = self.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
        return {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", [])}

    def destinations(self, name: str) -> list[dict[str, str]]:
        """Where an image of the last synth goes: `repositoryName` and `imageTag` of each."""
        return [
            destination
            for image in self._assets().values()
            if image["displayName"] == name
            for destination in image["destinations"].values()
        ]

    def layers(self, name: str) -> list[str]:
        """Digests of the layers of an image of the last synth, lowest first."""
        (repository,) = {destination["repositoryName"] for destination in self.destinations(name)}
        manifest = self.manifest(repository, self.digests()[name])
        return [layer["digest"] for layer in manifest["layers"]]

    def manifest(self, repository: str, digest: str) -> Any:
        """A manifest or an index, as the registry has it."""
        answer = self.client("ecr").batch_get_image(
            repositoryName=repository, imageIds=[{"imageDigest": digest}]
        )
        return json.loads(answer["images"][0]["imageManifest"])

    def outputs(self) -> dict[str, str]:
        """Every output of the last deploy."""
        stacks = json.loads(self.outputs_file.read_text())
        return {name: value for stack in stacks.values() for name, value in stack.items()}

    def client(self, service: str) -> Any:
        """A boto3 client of the emulated AWS."""
        return self.env.client(service)

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Run docker on the tests' engine."""
        done = subprocess.run(
            [str(self.engine.docker), *arguments],
            env=self.env.process_environment(self.engine),
            capture_output=True,
            text=True,
            check=check,
        )
        return done.stdout

    def remove_containers(self) -> None:
        """End the functions and tasks that still run: their health checks would take time from others."""
        for container in self.docker("ps", "--all", "--quiet").split():
            self.docker("rm", "--force", container)

    def empty_engine(self) -> None:
        """Remove every image but the public base images and those that run, and the whole build cache."""
        for name in self._images():
            # A running container keeps its image, under the registry's name, which no build looks at.
            self.docker("image", "rm", "--force", name, check=False)
        assert not [name for name in self._images() if name.startswith("cdkasset-")]
        self.docker("builder", "prune", "--all", "--force")

    def _images(self) -> list[str]:
        listed = self.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
        return [name for name in listed if not name.startswith("public.ecr.aws/")]

    @property
    def outputs_file(self) -> Path:
        return self.project.parent / "outputs.json"

    @property
    def _records(self) -> Path:
        return self.project.parent / "recorded-builds"

    def _assets(self) -> dict[str, Any]:
        images: dict[str, Any] = {}
        for file in sorted((self.project / "cdk.out").rglob("*.assets.json")):
            images |= json.loads(file.read_text()).get("dockerImages", {})
        return images
