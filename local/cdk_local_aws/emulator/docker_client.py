"""A docker client for ministack that pulls ECR's images from the local registry only.

ministack asks the engine for an image by its ECR name, and accepts any local image with that tag. This client pulls
each such name from the registry on loopback first, so an image that was never pushed is not found.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from cdk_local_aws.emulator.keys import REGISTRY_USER, Keys

ECR_REGISTRY = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/")

# The engine sends nothing while it unpacks a large image.
TIMEOUT_SECONDS = 300
BRIDGE_OPTIONS = ("ports", "network", "extra_hosts")

logger = logging.getLogger("docker_client")


class Forwarding:
    """Forwards every attribute that its class lacks to the object behind it."""

    def __init__(self, behind: Any) -> None:
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


class RegistryImages(Forwarding):
    """The engine's images, with ECR's from the registry at a port of loopback."""

    def __init__(self, images: Any, port: int, keys: Keys) -> None:
        super().__init__(images)
        self.port = port
        self._login = {"username": REGISTRY_USER, "password": keys.registry_password}

    def local_name(self, image: str) -> str:
        """Return the name at the registry on loopback for an ECR name, and any other name as it is."""
        return ECR_REGISTRY.sub(f"127.0.0.1:{self.port}/", image)

    def get(self, image: str) -> Any:
        """Return an image, after pulling it if it is ECR's; raise ImageNotFound if the registry lacks it."""
        return self._behind.get(image) if self.local_name(image) == image else self.pull(image)

    def pull(self, image: str, **options: Any) -> Any:
        """Pull an image from its registry; raise ImageNotFound if the registry lacks it."""
        name = self.local_name(image)
        if name != image:
            options["auth_config"] = self._login
        try:
            pulled = self._behind.pull(name, **options)
        except NotFound as error:
            raise ImageNotFound(f"{image}: not found in the registry") from error
        except APIError as error:
            # For an unknown manifest some versions of the engine answer 404, and others 500.
            if "not found" in str(error) or "manifest unknown" in str(error):
                raise ImageNotFound(f"{image}: not found in the registry") from error
            raise
        return pulled if name == image else PulledImage(pulled)

    def get_registry_data(self, image: str, **options: Any) -> Any:
        """Return the registry's description of an image."""
        name = self.local_name(image)
        if name != image:
            options["auth_config"] = self._login
        return self._behind.get_registry_data(name, **options)


class PulledImage(Forwarding):
    """An image from the registry on loopback, which gets no second name in the engine's store.

    A local image with an ECR name would hide that the registry lacks it.
    """

    def tag(self, repository: str, tag: str | None = None) -> bool:  # noqa: ARG002
        """Report success without adding the tag."""
        return True


class Containers(Forwarding):
    """The engine's containers, started from images of the registry on loopback."""

    def __init__(self, containers: Any, images: RegistryImages) -> None:
        super().__init__(containers)
        self.images = images

    def run(self, image: str, **options: Any) -> Any:
        """Start a container."""
        return self._behind.run(self.images.local_name(image), **options)


class LoopbackDocker(Forwarding):
    """A docker client whose images come from the registry at a port of loopback."""

    def __init__(self, port: int, keys: Keys, containers: type[Containers]) -> None:
        super().__init__(docker.from_env(timeout=TIMEOUT_SECONDS))
        self.images = RegistryImages(self._behind.images, port, keys)
        self.containers = containers(self._behind.containers, self.images)


def connector(port: int, keys: Keys, containers: type[Containers]) -> Callable[[], LoopbackDocker | None]:
    """Return a function that connects to the engine once, and returns None while no engine answers."""
    connect = functools.cache(functools.partial(LoopbackDocker, port, keys, containers))

    def connected() -> LoopbackDocker | None:
        try:
            return connect()
        except Exception:  # docker raises its own errors, those of requests, and OSError
            logger.warning("no container engine answers: image functions and tasks cannot run")
            return None

    return connected
