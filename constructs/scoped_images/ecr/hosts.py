"""The host names of private ECR registries, in every partition of AWS.

https://docs.aws.amazon.com/general/latest/gr/ecr.html, https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class _Partition:
    """name: in ARNs. regions: how its regions' names begin. suffix, dual_stack: how hosts end, the second with IPv6."""

    name: str
    regions: str
    suffix: str
    dual_stack: str


# A test compares it with CDK's RegionInfo and with botocore. Regions of no other partition are in `aws`, the last one.
_PARTITIONS = (
    _Partition("aws-cn", "cn-", "amazonaws.com.cn", "on.amazonwebservices.com.cn"),
    _Partition("aws-eusc", "eusc-", "amazonaws.eu", "on.amazonwebservices.eu"),
    _Partition("aws-iso", "us-iso-", "c2s.ic.gov", "on.aws.ic.gov"),
    _Partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "on.aws.scloud"),
    _Partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "on.aws.hci.ic.gov"),
    _Partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "on.cloud-aws.adc-e.uk"),
    _Partition("aws-us-gov", "us-gov-", "amazonaws.com", "on.aws"),
    _Partition("aws", "", "amazonaws.com", "on.aws"),
)
_HOST = re.compile(
    r"(?P<account>\d{12})\.dkr(?P<separator>[.-])ecr(?P<fips>-fips)?\.(?P<region>[a-z]{2,}(?:-[a-z0-9]+)+)\.(?P<suffix>[a-z0-9.-]+)"
)


@dataclass(frozen=True, kw_only=True)
class RegistryHost:
    """One account's registry in one region; renders itself to its host name.

    fips: whether it is the FIPS endpoint. dual_stack: whether the endpoint has IPv6 addresses too.
    """

    account: str
    region: str
    fips: bool = False
    dual_stack: bool = False

    @classmethod
    def parse(cls, host: str) -> RegistryHost | None:
        """Read a host name. Returns None for any host that is not of a private ECR registry.

        The suffix must be that of the region's partition: a login for one partition is never sent to another's.
        """
        match = _HOST.fullmatch(host)
        if match is None:
            return None
        found = cls(
            account=match["account"],
            region=match["region"],
            fips=match["fips"] is not None,
            dual_stack=match["separator"] == "-",
        )
        return found if str(found) == host else None

    def __str__(self) -> str:
        """Return the host name."""
        partition = _partition(self.region)
        service = f"ecr{'-fips' if self.fips else ''}"
        if self.dual_stack:
            return f"{self.account}.dkr-{service}.{self.region}.{partition.dual_stack}"
        return f"{self.account}.dkr.{service}.{self.region}.{partition.suffix}"


def partition_of(region: str) -> str:
    """Return the partition of a region as ARNs name it: `aws`, `aws-cn`."""
    return _partition(region).name


def _partition(region: str) -> _Partition:
    return next(each for each in _PARTITIONS if region.startswith(each.regions))
