"""A repository's address is made of literals that docker takes."""

from __future__ import annotations

import pytest

from scoped_images.ecr.address import RepositoryAddress
from tests.refusals import refused


def address(
    *, account: str = "111111111111", region: str = "eu-west-1", name: str = "api-dev"
) -> RepositoryAddress:
    return RepositoryAddress(account=account, region=region, name=name)


def test_renders_the_uri_and_tagged_references() -> None:
    assert address().uri == "111111111111.dkr.ecr.eu-west-1.amazonaws.com/api-dev"
    assert address().tagged("stable") == "111111111111.dkr.ecr.eu-west-1.amazonaws.com/api-dev:stable"


@pytest.mark.parametrize(
    "ref",
    [
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/api",
        "docker-image://111111111111.dkr.ecr-fips.eu-west-1.amazonaws.com/team/api:stable",
        "111111111111.dkr-ecr.eu-west-1.on.aws/team/api@sha256:" + "a" * 64,
        "111111111111.dkr-ecr-fips.eu-west-1.on.aws/team/api:1@sha256:" + "a" * 64,
    ],
)
def test_an_image_in_ecr_has_its_repository_s_address(ref: str) -> None:
    assert RepositoryAddress.find(ref) == address(name="team/api")


@pytest.mark.parametrize("ref", ["python:3.13", "public.ecr.aws/lambda/python:3.13", "docker-image://x/y"])
def test_an_image_elsewhere_has_none(ref: str) -> None:
    assert RepositoryAddress.find(ref) is None


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            {"account": "123"},
            "account: must be 12 digits for repository 'api-dev', got '123'; use a literal",
        ),
        ({"account": ""}, "account: must be 12 digits for repository 'api-dev', got ''; use a literal"),
        (
            {"region": "${Token[AWS.Region.4]}"},
            "region: must be a region such as 'eu-west-1' for repository 'api-dev', got '${Token[AWS.Region.4]}'; use a "
            "literal",
        ),
    ],
)
def test_a_place_that_is_not_literal_is_an_error(place: dict[str, str], message: str) -> None:
    with refused(message):
        address(**place)


@pytest.mark.parametrize("name", ["Api", "a", "-api", "api_", "team//api", "x" * 257])
def test_a_name_that_ecr_refuses_is_refused_here(name: str) -> None:
    with refused(
        "repository_name: must be 2-256 lower-case letters, digits, '.', '_', '-' and '/', starting with a letter or "
        f"digit, got {name!r}; use another name"
    ):
        address(name=name)


@pytest.mark.parametrize("name", ["base-receipt-dynamo-dev", "team/api", "a.b_c-d/e2"])
def test_names_that_ecr_takes_are_taken(name: str) -> None:
    assert address(name=name).name == name
