"""The settings of one environment of the receipts app."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoped_images import Environment, ScopedImagesError


@dataclass(frozen=True, kw_only=True)
class AppEnvironment(Environment):
    """One environment of cdk.json, with the settings of the receipts service.

    certificate_arn, domain_name: ACM certificate and name of the service's public HTTPS listener. Without them the
        service listens on HTTP inside its VPC only.
    """

    certificate_arn: str | None = None
    domain_name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.certificate_arn is None) != (self.domain_name is None):
            raise ScopedImagesError(
                f"environments.{self.name}.certificate_arn and environments.{self.name}.domain_name: set both or neither"
            )
        if self.domain_name is not None:
            is_name = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", self.domain_name) is not None
            self.require("domain_name", is_name, "a name such as 'api.example.com'")
        if self.certificate_arn is not None:
            is_arn = re.fullmatch(r"arn:aws[\w-]*:acm:\S+", self.certificate_arn) is not None
            self.require("certificate_arn", is_arn, "an ACM ARN")
