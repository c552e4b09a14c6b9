"""The variables that BuildKit derives from the platforms of a build."""

from __future__ import annotations

from scoped_images.dockerfile.variables import Unknown, Value
from scoped_images.errors import ScopedImagesError

# https://github.com/containerd/platforms/blob/v1.0.0/database.go
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm"}
_OMITTED_VARIANTS = {("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")}


def platform_variables(*, platform: str, target: str = "default") -> dict[str, Value]:
    """Return TARGETPLATFORM and its like; those of the builder's own platform are unknown."""
    parts = _parts(platform)
    return {
        **{f"TARGET{part}": value for part, value in parts.items()},
        "TARGETSTAGE": target,
        **{f"BUILD{part}": Unknown(f"BUILD{part}") for part in parts},
    }


def _parts(platform: str) -> dict[str, str]:
    """Return the values of one platform by the ends of the variables' names."""
    system, _, rest = platform.lower().partition("/")
    architecture, _, variant = rest.partition("/")
    if not system or not architecture:
        raise ScopedImagesError(f"platform: must be like 'linux/amd64' or 'linux/arm64', got {platform!r}")
    architecture = _ARCHITECTURES.get(architecture, architecture)
    if (architecture, variant) in _OMITTED_VARIANTS:
        variant = ""
    elif architecture == "arm":
        variant = f"v{variant.removeprefix('v') or '7'}"
    return {
        "PLATFORM": "/".join(filter(None, (system, architecture, variant))),
        "OS": system,
        "OSVERSION": "",
        "ARCH": architecture,
        "VARIANT": variant,
    }
