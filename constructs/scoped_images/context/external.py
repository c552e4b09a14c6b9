"""Named build contexts that are not folders: images, OCI layouts and git repositories."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from scoped_images.errors import ScopedImagesError

_ADDRESS = re.compile(r"(?P<kind>docker-image|oci-layout|https?|git|ssh)://\S+|git@\S+")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"#[0-9a-f]{40}(:|$)|[?&]checksum=[0-9a-f]{40}(&|$|#)")


def is_address(place: object) -> bool:
    """Return whether a build context is given by an address and not as a folder."""
    return isinstance(place, str) and _ADDRESS.fullmatch(place) is not None


@dataclass(frozen=True, kw_only=True)
class ExternalContext:
    """A build context that the builder fetches itself.

    name: how the Dockerfile names it.
    address: `docker-image://<ref>`, `oci-layout://<folder>@sha256:<64 hex>`, or the URL of a git repository or archive.
    """

    name: str
    address: str

    def __post_init__(self) -> None:
        if self._folder and not _DIGEST.search(self.address):
            raise ScopedImagesError(
                f"build_contexts[{self.name!r}]: an OCI layout needs a digest, got {self.address!r}; append "
                "@sha256:<digest of its image>"
            )

    @property
    def identity(self) -> str:
        """Return what a fingerprint covers: the address, or of an OCI layout only its digest."""
        found = _DIGEST.search(self.address)
        return found[0] if self._folder and found else self.address

    @property
    def missing_pin(self) -> str | None:
        """Return what the address lacks to name one content, or None if it lacks nothing."""
        if _DIGEST.search(self.address) or _COMMIT.search(self.address):
            return None
        return "@sha256:<digest>" if self.address.startswith("docker-image:") else "#<commit>"

    @property
    def warning(self) -> str | None:
        """Return why two builds under one tag may differ, or None if the address names one content."""
        if self.missing_pin is None:
            return None
        return (
            f"build_contexts[{self.name!r}]: {self.address} may change, and the image's tag does not change with it; "
            f"append {self.missing_pin}"
        )

    def relative_to(self, folder: Path) -> str:
        """Return the address for a build that runs in `folder`; a layout's own path starts from synth's folder."""
        if not self._folder:
            return self.address
        path, _, digest = self._folder.partition("@")
        return f"oci-layout://{os.path.relpath(Path(path).absolute(), folder)}@{digest}"

    @property
    def _folder(self) -> str:
        return self.address.removeprefix("oci-layout://") if self.address.startswith("oci-layout://") else ""
