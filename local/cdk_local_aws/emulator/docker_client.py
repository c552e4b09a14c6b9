"""A docker client for ministack that pulls ECR's images from the local registry only.

ministack asks the engine for an image by its ECR name and takes one that is tagged so locally. Here each such
name is pulled from the registry on loopback first, so that an image which was never pushed is not found.
"""

from __future__ import annotations

import re
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from cdk_local_aws.emulator.keys import REGISTRY_USER, Keys

ECR_REGISTRY = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/")

# The engine sends nothing while it unpacks a large image.
TIMEOUT_SECONDS = 300


class LoopbackDocker:
    """A docker client whose images come from the registry at a port of loopback."""

    def __init__(self, port: int, keys: Keys) -> None:
        self._client = docker.from_env(timeout=TIMEOUT_SECONDS)
        self.images = RegistryImages(self._client, port, keys)
        self.containers = LoopbackContainers(self._client, self.images)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class RegistryImages:
    """The engine's images; ECR's are always asked of the registry."""

    def __init__(self, client: Any, port: int, keys: Keys) -> None:
        self._client = client
        self._port = port
        self._login = {"username": REGISTRY_USER, "password": keys.registry_password}

    def local_name(self, image: str) -> str:
        """An image's name at the registry on loopback; names of other registries stay."""
        return ECR_REGISTRY.sub(f"127.0.0.1:{self._port}/", image)

    def get(self, image: str) -> Any:
        """The image, pulled if it is ECR's; ImageNotFound if the registry does not have it."""
        if self.local_name(image) == image:
            return self._client.images.get(image)
        return self.pull(image)

    def pull(self, image: str, **options: Any) -> Any:
        """Pull an image from its registry."""
        name = self.local_name(image)
        if name != image:
            options["auth_config"] = self._login
        try:
            pulled = self._client.images.pull(name, **options)
        except NotFound as error:
            raise ImageNotFound(f"{image}: not found in the registry") from error
        except APIError as error:
            # The engine answers a manifest that is unknown to the registry with 404 or with 500, by version.
            if "not found" in str(error) or "manifest unknown" in str(error):
                raise ImageNotFound(f"{image}: not found in the registry") from error
            raise
        return pulled if name == image else PulledImage(pulled)

    def get_registry_data(self, image: str, **options: Any) -> Any:
        """What the registry says about an image."""
        name = self.local_name(image)
        if name != image:
            options["auth_config"] = self._login
        return self._client.images.get_registry_data(name, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client.images, name)


class PulledImage:
    """An image from the registry on loopback, which gets no second name in the engine's store.

    A local image of an ECR name would hide that the registry has none.
    """

    def __init__(self, image: Any) -> None:
        self._image = image

    def tag(self, repository: str, tag: str | None = None) -> bool:  # noqa: ARG002
        """Report success."""
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._image, name)


class LoopbackContainers:
    """The engine's containers, started from images of the registry on loopback."""

    def __init__(self, client: Any, images: RegistryImages) -> None:
        self._client = client
        self._images = images

    def run(self, image: str, **options: Any) -> Any:
        """Start a container."""
        return self._client.containers.run(self._images.local_name(image), **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client.containers, name)
