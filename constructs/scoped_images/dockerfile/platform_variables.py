"""The variables that BuildKit derives from the platforms of a build."""

from __future__ import annotations

from scoped_images.dockerfile.variables import Unknown, Value
from scoped_images.errors import ScopedImagesError

# https://github.com/containerd/platforms/blob/v1.0.0/database.go
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm"}
_OMITTED_VARIANTS = {("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")}


def platform_variables(
    *, platform: str, build_platform: str | None = None, target: str = "default"
) -> dict[str, Value]:
    """Return TARGETPLATFORM and its like; those of the builder's platform are unknown unless it is given."""
    variables: dict[str, Value] = {**_describe("TARGET", platform), "TARGETSTAGE": target}
    if build_platform is not None:
        return {**variables, **_describe("BUILD", build_platform)}
    parts = ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
    return {**variables, **{f"BUILD{part}": Unknown(f"BUILD{part}") for part in parts}}


def _describe(prefix: str, platform: str) -> dict[str, str]:
    system, _, rest = platform.lower().partition("/")
    architecture, _, variant = rest.partition("/")
    if not system or not architecture:
        raise ScopedImagesError(f"platform: {platform!r} is not like 'linux/amd64' or 'linux/arm64'")
    architecture = _ARCHITECTURES.get(architecture, architecture)
    if (architecture, variant) in _OMITTED_VARIANTS:
        variant = ""
    elif architecture == "arm":
        variant = f"v{variant.removeprefix('v') or '7'}"
    return {
        f"{prefix}PLATFORM": "/".join(filter(None, (system, architecture, variant))),
        f"{prefix}OS": system,
        f"{prefix}OSVERSION": "",
        f"{prefix}ARCH": architecture,
        f"{prefix}VARIANT": variant,
    }
