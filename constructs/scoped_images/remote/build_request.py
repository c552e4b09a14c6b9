"""What one image's project builds: everything that its buildspec is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scoped_images.remote.build_secret import BuildSecret

# Not from image/spec.py, which does not travel with the function that builds.
BASE_IMAGE_ARGUMENT = "BASE_IMAGE_URI"


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """One image to build and push, in words that `docker buildx build` and CodeBuild take.

    repository, repository_uri, tag: where the image goes.
    archive_bucket, archive_key, archive_sha256: the context's archive, and the SHA-256 of the archive unpacked from
        gzip, in hex. Compressed, its bytes depend on the version of zlib.
    dockerfile: its path below `context/`.
    build_args: arguments that synth knows. late_args: the names of those whose values only the deploy knows.
    folder_contexts: folder of the archive by name; image_contexts: `docker-image://<ref>` by name.
    secrets: where each build secret is, by its id.
    cache_from, cache_to: as buildx takes them, `type=registry,ref=…`.
    buildkit_image: of the docker-container builder; None for buildx's own.
    network, no_cache: as `docker buildx build` takes them.
    outside_images: the external images in ECR that the Dockerfile itself names.
    """

    repository: str
    repository_uri: str
    tag: str
    platform: str
    archive_bucket: str
    archive_key: str
    archive_sha256: str
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
    network: str | None = None
    no_cache: bool = False

    @property
    def registries(self) -> tuple[str, ...]:
        """Hosts of all images and caches that the build reads or writes, sorted."""
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
