"""The secret of one run of the emulator, and the keys that are derived from it.

A program with the secret may call every API of the emulated AWS. Each start makes a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from cdk_local_aws.emulator.settings import EmulatorSettings
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_files import write_private

REGISTRY_USER = "AWS"  # as ECR names it
LAYER_SECONDS = 3600


@dataclass(frozen=True)
class Keys:
    """The keys with which clients of one run sign and log in."""

    secret: str

    @classmethod
    def new(cls, settings: EmulatorSettings) -> Keys:
        """Make the secret of a new run, and write it to a file that its owner's clients read."""
        keys = cls(secrets.token_urlsafe(32))
        write_private(settings.secret_file, keys.secret)
        return keys

    @classmethod
    def read(cls, settings: EmulatorSettings) -> Keys:
        """Read the secret of the current run; raise LocalError if the emulator was never started."""
        try:
            return cls(settings.secret_file.read_text())
        except FileNotFoundError:
            raise LocalError(
                f"the local AWS of {settings.state} has no secret, because it was never started: start it first"
            ) from None

    @property
    def registry_password(self) -> str:
        """The password of `docker login`. It opens only the registry, because docker keeps it in a file."""
        return self._derive("registry")

    def signed_layer(self, path: str, host: str) -> str:
        """Sign the path of a layer of one registry host, so that it can be downloaded for an hour without a login."""
        expires = str(int(time.time()) + LAYER_SECONDS)
        return f"{path}?ns={host}&expires={expires}&signature={self._derive('layer', path, host, expires)}"

    def opens_layer(self, path: str, *, host: str, expires: str, signature: str) -> bool:
        """Return whether the signature is for this path and host, and still valid."""
        if not expires.isdecimal() or int(expires) < time.time():
            return False
        return hmac.compare_digest(self._derive("layer", path, host, expires).encode(), signature.encode())

    def _derive(self, *words: str) -> str:
        return hmac.new(self.secret.encode(), "\n".join(words).encode(), hashlib.sha256).hexdigest()
