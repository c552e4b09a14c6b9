"""The platforms that an image is built for and run on."""

from __future__ import annotations

from enum import StrEnum

from scoped_images.errors import ScopedImagesError


class Platform(StrEnum):
    """A build platform in BuildKit's words; Lambda and Fargate run no others."""

    LINUX_AMD64 = "linux/amd64"
    LINUX_ARM64 = "linux/arm64"

    @classmethod
    def parse(cls, value: object, *, name: str = "platform") -> Platform:
        """Return the platform called `value`; `name` is the property that an error mentions."""
        try:
            return cls(str(value))
        except ValueError:
            known = ", ".join(repr(str(platform)) for platform in cls)
            if type(value).__module__.startswith("aws_cdk."):
                # Platform of aws_ecr_assets has its text in an attribute.
                same = next(
                    (each.name for each in cls if each == getattr(value, "platform", None)), "LINUX_ARM64"
                )
                raise ScopedImagesError(
                    f"{name}: must be a Platform of scoped_images, got {type(value).__module__}."
                    f"{type(value).__name__}; from scoped_images import Platform, and pass Platform.{same}"
                ) from None
            raise ScopedImagesError(f"{name}: must be one of {known}, got {value!r}") from None

    @property
    def slug(self) -> str:
        """The platform as part of a tag: `linux-amd64`."""
        return self.replace("/", "-")
