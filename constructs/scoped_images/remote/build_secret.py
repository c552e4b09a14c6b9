"""A build secret by name: the secret itself stays in Secrets Manager or Parameter Store until the build reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from scoped_images.errors import ScopedImagesError

Kind = Literal["SECRETS_MANAGER", "PARAMETER_STORE"]

_NAMES = {
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    "SECRETS_MANAGER": (r"[A-Za-z0-9/_+=.@!-]{1,512}", "letters, digits and any of /_+=.@!-"),
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    "PARAMETER_STORE": (r"[A-Za-z0-9/_.-]{1,1011}", "letters, digits and any of /_.-"),
}


@dataclass(frozen=True, kw_only=True)
class BuildSecret:
    """Where CodeBuild finds a build secret.

    kind: CodeBuild's type of environment variable.
    name: of the secret or the parameter, a literal in the same account and region; no ARN.
    json_key: of a secret that holds a JSON object, the member to take; by default all of it.
    """

    kind: Kind
    name: str
    json_key: str | None = None

    def __post_init__(self) -> None:
        pattern, takes = _NAMES[self.kind]
        # Without the value got: somebody may have given the secret itself.
        if not re.fullmatch(pattern, self.name):
            raise ScopedImagesError(
                f"name of a build secret in {self.kind}: must be {takes}, got other characters; use its name, not its "
                "ARN, a token or the secret itself"
            )
        if self.json_key is not None and not re.fullmatch(r"[^:\s]+", self.json_key):
            raise ScopedImagesError(
                f"json_key of build secret {self.name!r}: must be without colons and spaces, got {self.json_key!r}; "
                "rename the member"
            )

    @classmethod
    def secrets_manager(cls, name: str, *, json_key: str | None = None) -> BuildSecret:
        """A secret of Secrets Manager."""
        return cls(kind="SECRETS_MANAGER", name=name, json_key=json_key)

    @classmethod
    def parameter(cls, name: str) -> BuildSecret:
        """A parameter of Systems Manager's Parameter Store, `SecureString` or not."""
        return cls(kind="PARAMETER_STORE", name=name)

    @property
    def reference(self) -> str:
        """The value of a CodeBuild variable of type `kind`."""
        return f"{self.name}:{self.json_key}" if self.json_key else self.name
