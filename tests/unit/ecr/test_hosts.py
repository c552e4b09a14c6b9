"""Hosts of ECR are recognised and written in every partition; the table is CDK's and botocore's."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import botocore
import pytest
from aws_cdk.region_info import RegionInfo

from scoped_images.ecr.hosts import RegistryHost

ACCOUNT = "111111111111"
REGIONS = {region.name: region.domain_suffix for region in RegionInfo.regions}


def test_every_region_that_cdk_knows_has_the_suffix_that_cdk_knows() -> None:
    written = {region: str(RegistryHost(account=ACCOUNT, region=region)) for region in REGIONS}
    assert written == {
        region: f"{ACCOUNT}.dkr.ecr.{region}.{suffix}" for region, suffix in REGIONS.items() if suffix
    }
    assert len(set(REGIONS.values())) == 7


def test_dual_stack_suffixes_are_those_of_botocore_s_partitions() -> None:
    """botocore has the suffix of API endpoints, `api.aws`; those of registries start with `on`."""
    table = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_text())
    for partition in table["partitions"]:
        region, outputs = partition["outputs"]["implicitGlobalRegion"], partition["outputs"]
        written = str(RegistryHost(account=ACCOUNT, region=region, dual_stack=True))
        suffix = outputs["dualStackDnsSuffix"].replace("api.", "on.", 1)
        assert written == f"{ACCOUNT}.dkr-ecr.{region}.{suffix}"


def test_every_form_is_read_as_it_was_written() -> None:
    for region, fips, dual_stack in product(REGIONS, (False, True), (False, True)):
        host = RegistryHost(account=ACCOUNT, region=region, fips=fips, dual_stack=dual_stack)
        assert RegistryHost.parse(str(host)) == host


@pytest.mark.parametrize(
    ("host", "fips", "dual_stack"),
    [
        ("111111111111.dkr.ecr.us-east-1.amazonaws.com", False, False),
        ("111111111111.dkr.ecr-fips.us-east-1.amazonaws.com", True, False),
        ("111111111111.dkr-ecr.us-east-1.on.aws", False, True),
        ("111111111111.dkr-ecr-fips.us-east-1.on.aws", True, True),
    ],
)
def test_the_four_forms_of_aws_are_read(host: str, fips: bool, dual_stack: bool) -> None:
    assert RegistryHost.parse(host) == RegistryHost(
        account=ACCOUNT, region="us-east-1", fips=fips, dual_stack=dual_stack
    )


@pytest.mark.parametrize(
    "host",
    [
        "public.ecr.aws",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com.evil.example",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com.cn",
        "111111111111.dkr.ecr.us-east-1.on.aws",
        "111111111111.dkr-ecr.us-east-1.amazonaws.com",
        "111111111111.dkr.ecr.eusc-de-east-1.amazonaws.com",
        "1111.dkr.ecr.us-east-1.amazonaws.com",
        "x111111111111.dkr.ecr.us-east-1.amazonaws.com",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com:443",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com\n",
        "111111111111.dkrxecr.us-east-1.amazonaws.com",
        "",
    ],
)
def test_no_other_host_is_taken_for_ecr_s(host: str) -> None:
    assert RegistryHost.parse(host) is None
