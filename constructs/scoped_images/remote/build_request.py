"""What one remote build is given: a value that travels as the properties of a custom resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoped_images.ecr.tags import late_content_tag
from scoped_images.remote.build_secret import BuildSecret

# Not from image_spec, which does not travel with the function that builds.
BASE_IMAGE_ARGUMENT = "BASE_IMAGE_URI"


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """One image to build and push, in words that `docker buildx build` and CodeBuild take.

    project: CodeBuild project. role: ARN of the role that this build runs with. minutes: until it is stopped.
    registry_id, repository, repository_uri: where the image goes; tag: under which its digest is looked up.
    further_tags: put on the same image.
    archive_bucket, archive_key: of the context's archive; dockerfile: its path below `context/`.
    build_args: every argument; late_args: names of those whose values only CloudFormation knows.
    folder_contexts: folder of the archive by name; image_contexts: `docker-image://<ref>` by name.
    cache_from, cache_to: as buildx takes them, `type=registry,ref=…`.
    buildkit_image: of the docker-container builder; by default buildx's own.
    outside_images: of ECR, by others, that the Dockerfile itself names.
    """

    project: str
    role: str
    minutes: int
    registry_id: str
    repository: str
    repository_uri: str
    tag: str
    further_tags: tuple[str, ...] = ()
    platform: str
    archive_bucket: str
    archive_key: str
    dockerfile: str
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    late_args: tuple[str, ...] = ()
    folder_contexts: Mapping[str, str] = field(default_factory=dict)
    image_contexts: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, BuildSecret] = field(default_factory=dict)
    cache_from: tuple[str, ...] = ()
    cache_to: str | None = None
    buildkit_image: str | None = None
    outside_images: tuple[str, ...] = ()

    @property
    def published_tag(self) -> str:
        """The tag in the registry; with late arguments it ends with 16 digits of their values' hash.

        The content tag counts their expressions alone: one expression may have another value at the next deploy.
        """
        if not self.late_args:
            return self.tag
        return late_content_tag(self.tag, {name: self.build_args[name] for name in self.late_args})

    @property
    def image(self) -> str:
        """`<repository>:<tag>`, the custom resource's physical id."""
        return f"{self.repository}:{self.published_tag}"

    @property
    def registries(self) -> tuple[str, ...]:
        """Hosts of all that the build reads or writes, sorted."""
        read = [uri.removeprefix("docker-image://") for uri in self.image_contexts.values()]
        cached = [
            value.removeprefix("ref=")
            for option in (*self.cache_from, self.cache_to or "")
            for value in option.split(",")
            if value.startswith("ref=")
        ]
        base = self.build_args.get(BASE_IMAGE_ARGUMENT)
        named = [*self.outside_images, *filter(None, (base, self.buildkit_image))]
        refs = [self.repository_uri, *read, *cached, *named]
        return tuple(sorted({ref.partition("/")[0] for ref in refs}))

    def to_properties(self) -> dict[str, Any]:
        """The custom resource's properties: CloudFormation knows texts, lists and objects, and no null."""
        properties = {
            "Project": self.project,
            "Role": self.role,
            "Minutes": str(self.minutes),
            "RegistryId": self.registry_id,
            "RepositoryName": self.repository,
            "RepositoryUri": self.repository_uri,
            "ImageTag": self.tag,
            "FurtherTags": list(self.further_tags),
            "Platform": self.platform,
            "ArchiveBucket": self.archive_bucket,
            "ArchiveKey": self.archive_key,
            "Dockerfile": self.dockerfile,
            "Target": self.target,
            "BuildArguments": dict(self.build_args),
            "LateArguments": list(self.late_args),
            "FolderContexts": dict(self.folder_contexts),
            "ImageContexts": dict(self.image_contexts),
            "Secrets": {name: secret.to_list() for name, secret in self.secrets.items()},
            "CacheFrom": list(self.cache_from),
            "CacheTo": self.cache_to,
            "BuildKitImage": self.buildkit_image,
            "OutsideImages": list(self.outside_images),
        }
        return {name: value for name, value in properties.items() if value}

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> BuildRequest:
        """Read what `to_properties` wrote."""
        return cls(
            project=properties["Project"],
            role=properties["Role"],
            minutes=int(properties["Minutes"]),
            registry_id=properties["RegistryId"],
            repository=properties["RepositoryName"],
            repository_uri=properties["RepositoryUri"],
            tag=properties["ImageTag"],
            further_tags=tuple(properties.get("FurtherTags", ())),
            platform=properties["Platform"],
            archive_bucket=properties["ArchiveBucket"],
            archive_key=properties["ArchiveKey"],
            dockerfile=properties["Dockerfile"],
            target=properties.get("Target"),
            build_args=properties.get("BuildArguments", {}),
            late_args=tuple(properties.get("LateArguments", ())),
            folder_contexts=properties.get("FolderContexts", {}),
            image_contexts=properties.get("ImageContexts", {}),
            secrets={
                name: BuildSecret.from_list(words) for name, words in properties.get("Secrets", {}).items()
            },
            cache_from=tuple(properties.get("CacheFrom", ())),
            cache_to=properties.get("CacheTo"),
            buildkit_image=properties.get("BuildKitImage"),
            outside_images=tuple(properties.get("OutsideImages", ())),
        )
