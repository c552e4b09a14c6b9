"""The settings of one environment of the receipts app."""

from __future__ import annotations

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
                f"{self._property('certificate_arn')} and {self._property('domain_name')}: set both or neither"
            )
        if self.domain_name is not None:
            self._check(
                "domain_name",
                self.domain_name,
                r"[a-z0-9-]+(\.[a-z0-9-]+)+",
                "a name such as 'api.example.com'",
            )
        if self.certificate_arn is not None:
            self._check("certificate_arn", self.certificate_arn, r"arn:aws[\w-]*:acm:\S+", "an ACM ARN")
