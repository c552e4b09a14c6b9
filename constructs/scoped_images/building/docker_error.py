"""The error of a docker that does not start."""

from __future__ import annotations

from scoped_images.errors import ScopedImagesError


def cannot_run(docker: str, error: OSError) -> ScopedImagesError:
    """Return the error for the user, with the reason that the operating system gives."""
    return ScopedImagesError(
        f"cannot run {docker!r}: {error.strerror}; install docker, or name it in CDK_DOCKER"
    )
