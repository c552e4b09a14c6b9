"""Remote builds of images in an emulated AWS, as the library's functions run them."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoped_images import Platform, ScopedContext
from scoped_images.context.archive import named_folders, write_context_archive
from scoped_images.image.spec import ImageSpec
from scoped_images.remote.build_request import BuildRequest
from scoped_images.remote.builds import RemoteBuilds
from scoped_images.remote.buildspec import buildspec
from scoped_images.remote.image_project import REPOSITORY, STACK, TAG, late_variable, secret_variable
from tests.local.local_aws import LocalAws
from tests.local.waiting import wait_until

PREFIX = "scoped-images-test_"
BUCKET = "archives"


@dataclass(frozen=True)
class Remote(LocalAws):
    """An emulated AWS with CodeBuild projects.

    stack: id of the stack that the projects name.
    """

    stack: str = "arn:aws:cloudformation:eu-west-1:000000000000:stack/none/1"

    @property
    def builds(self) -> RemoteBuilds:
        """The library's remote builds, with clients of the emulated AWS."""
        return RemoteBuilds(
            prefix=PREFIX,
            ecr=self.aws.client("ecr"),
            codebuild=self.aws.client("codebuild"),
            logs=self.aws.client("logs"),
            cloudformation=self.aws.client("cloudformation"),
        )

    def repository(self) -> str:
        """Create a repository whose tags do not move, except those of caches."""
        return self.aws.repository(
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "cache*"}],
        )

    def context(self, dockerfile: str, **files: str) -> ScopedContext:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "Dockerfile").write_text(dockerfile)
        for name, text in files.items():
            (folder / name).write_text(text)
        return ScopedContext.of(folder)

    def request(self, context: ScopedContext, repository: str, **more: Any) -> BuildRequest:
        """Upload the context's archive, and return a request for its image."""
        archive = write_context_archive(context, self.folder / "archives")
        self.aws.client("s3").upload_file(str(archive), BUCKET, archive.name)
        spec = ImageSpec(context=context, platform=Platform.LINUX_AMD64)
        cache = f"type=registry,ref={self.registry}/{repository}:cache-linux-amd64"
        made = BuildRequest(
            repository=repository,
            repository_uri=f"{self.registry}/{repository}",
            tag=spec.content_tag,
            platform="linux/amd64",
            archive_bucket=BUCKET,
            archive_key=archive.name,
            archive_sha256=hashlib.sha256(gzip.decompress(archive.read_bytes())).hexdigest(),
            dockerfile=context.written_dockerfile,
            folder_contexts=named_folders(context),
            cache_from=(cache,),
            cache_to=f"{cache},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true",
        )
        return dataclasses.replace(made, **more)

    def project(self, request: BuildRequest, late_values: Mapping[str, str]) -> str:
        """Create the project of an image, as its stack does, and return its name."""
        name = f"{PREFIX}{uuid.uuid4().hex}"
        plain = {
            REPOSITORY: request.repository,
            TAG: request.tag,
            STACK: self.stack,
            **{late_variable(argument): value for argument, value in late_values.items()},
        }
        secrets = [request.secrets[secret] for secret in sorted(request.secrets)]
        self.aws.client("codebuild").create_project(
            name=name,
            source={"type": "NO_SOURCE", "buildspec": json.dumps(buildspec(request))},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "privilegedMode": True,
                "environmentVariables": [
                    *({"name": key, "value": value, "type": "PLAINTEXT"} for key, value in plain.items()),
                    *(
                        {"name": secret_variable(number), "value": secret.reference, "type": secret.kind}
                        for number, secret in enumerate(secrets)
                    ),
                ],
            },
            serviceRole=f"arn:aws:iam::{self.env.account}:role/build",
            timeoutInMinutes=30,
        )
        return name

    def event(self, request: BuildRequest, late_values: Mapping[str, str] | None = None) -> dict[str, Any]:
        project = self.project(request, late_values or {})
        return {
            "RequestType": "Create",
            "RequestId": uuid.uuid4().hex,
            "StackId": self.stack,
            "ResourceProperties": {"Project": project, "ImageTag": request.tag},
        }

    def start(self, request: BuildRequest, late_values: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Start a build, and return the event for `is_complete`."""
        return self.started(self.event(request, late_values))

    def started(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**event, **self.builds.on_event(event)}

    def wait(self, started: dict[str, Any]) -> dict[str, Any]:
        """Poll until the build has ended, as the provider does, and return its Data."""

        def end() -> dict[str, Any] | None:
            answer = self.builds.is_complete(started)
            return answer if answer["IsComplete"] else None

        return {**started.get("Data", {}), **(wait_until(end, seconds=180) or {}).get("Data", {})}

    def build(self, request: BuildRequest) -> str:
        """Build an image, and return its digest."""
        return self.digest(self.start(request))

    def digest(self, started: dict[str, Any]) -> str:
        """Wait for a build, and return the digest of its image."""
        return f"sha256:{self.wait(started)['Hex']}"

    def manifest(self, repository: str, digest: str) -> dict[str, Any]:
        images = self.aws.client("ecr").batch_get_image(
            repositoryName=repository, imageIds=[{"imageDigest": digest}]
        )["images"]
        manifest: dict[str, Any] = json.loads(images[0]["imageManifest"])
        return manifest

    def layers(self, repository: str, digest: str) -> list[str]:
        return [layer["digest"] for layer in self.manifest(repository, digest)["layers"]]

    def status(self, build_id: str) -> str:
        (build,) = self.aws.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
        return str(build["buildStatus"])

    def log(self, build_id: str) -> str:
        (build,) = self.aws.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
        events = self.aws.client("logs").get_log_events(
            logGroupName=build["logs"]["groupName"], logStreamName=build["logs"]["streamName"], limit=10000
        )["events"]
        return "\n".join(event["message"] for event in events)

    def run(self, repository: str, digest: str, *command: str) -> str:
        """Run a program in an image of the registry, and return its output."""
        image = f"{self.registry}/{repository}@{digest}"
        return self.docker("run", "--rm", "--network=none", "--entrypoint", command[0], image, *command[1:])

    def forget(self) -> None:
        """Empty the builder, so that only the registry has caches."""
        self.docker("builder", "prune", "--all", "--force")
