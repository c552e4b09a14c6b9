"""Environments are read from cdk.json once, and each mistake is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scoped_images.cdk.environment import Environment
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform

ROOT = Path(__file__).parents[2]

SETTINGS: dict[str, Any] = {
    "account": "111111111111",
    "region": "eu-west-1",
    "platform": "linux/arm64",
    "max_images": 10,
    "untagged_days": 7,
    "base_tag": "content",
    "removal_policy": "retain",
}


def read(**changes: Any) -> Environment:
    return Environment.read({"dev": {**SETTINGS, **changes}}, "dev")


def message_of(environments: object, name: str = "dev") -> str:
    with pytest.raises(ScopedImagesError) as caught:
        Environment.read(environments, name)
    return str(caught.value)


def test_reads_every_setting() -> None:
    env = read()
    assert (env.name, env.account, env.region) == ("dev", "111111111111", "eu-west-1")
    assert env.platform is Platform.LINUX_ARM64
    assert (env.max_images, env.untagged_days, env.base_tag) == (10, 7, "content")
    assert not env.destroys
    assert env.certificate_arn is None


def test_only_destroy_destroys() -> None:
    assert read(removal_policy="destroy").destroys


@pytest.mark.parametrize("name", ["local", "dev", "staging", "prod"])
def test_cdk_json_holds_the_four_environments(name: str) -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert Environment.read(context["environments"], name).name == name


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_no_environment_with_data_worth_keeping_destroys_it(name: str) -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert not Environment.read(context["environments"], name).destroys


def test_an_unknown_environment_lists_those_that_exist() -> None:
    assert message_of({"prod": SETTINGS, "dev": SETTINGS}, "stage") == (
        "there is no environment 'stage' in cdk.json; there are: dev, prod"
    )


def test_a_missing_context_says_where_it_comes_from() -> None:
    assert message_of(None).startswith("cdk.json's context has no 'environments': run cdk in the folder")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"account": "123"}, "environments.dev.account is '123', and takes 12 digits in quotes"),
        (
            {"account": 111111111111},
            "environments.dev.account is 111111111111, and takes 12 digits in quotes",
        ),
        (
            {"region": "Ireland"},
            "environments.dev.region is 'Ireland', and takes a region such as 'eu-west-1'",
        ),
        (
            {"platform": "arm64"},
            "environments.dev.platform is 'arm64', and must be one of 'linux/amd64', 'linux/arm64'",
        ),
        ({"max_images": 0}, "environments.dev.max_images is 0, and takes a whole number from 1 to 9999"),
        (
            {"max_images": True},
            "environments.dev.max_images is True, and takes a whole number from 1 to 9999",
        ),
        (
            {"untagged_days": "7"},
            "environments.dev.untagged_days is '7', and takes a whole number from 1 to 9999",
        ),
        ({"builder": "codebuild"}, "environments.dev.builder is 'codebuild', and takes 'local' or 'remote'"),
        ({"mirrors": "x"}, "environments.dev.mirrors is 'x', and takes an object of registries"),
        (
            {"base_tag": "latest"},
            "environments.dev.base_tag is 'latest', and takes 'content' or 'git' or 'static'",
        ),
        (
            {"removal_policy": "keep"},
            "environments.dev.removal_policy is 'keep', and takes 'destroy' or 'retain'",
        ),
        (
            {"certificate_arn": "x", "domain_name": "api.example.com"},
            "environments.dev.certificate_arn is 'x', and takes an ACM ARN",
        ),
        (
            {"certificate_arn": "arn:aws:acm:eu-west-1:111111111111:certificate/x"},
            "environments.dev.certificate_arn and environments.dev.domain_name go together: "
            "the certificate is the name's",
        ),
        (
            {"max_images": 10000},
            "environments.dev.max_images is 10000, and takes a whole number from 1 to 9999",
        ),
        (
            {"max_image": 3},
            "environments.dev.max_image is no setting; there are: account, base_tag, builder, certificate_arn, "
            "domain_name, max_images, mirrors, platform, pruning, region, removal_policy, untagged_days",
        ),
    ],
)
def test_a_wrong_setting_says_which_what_it_got_and_what_it_takes(
    changes: dict[str, Any], message: str
) -> None:
    assert message_of({"dev": {**SETTINGS, **changes}}) == message


def test_a_missing_setting_is_named() -> None:
    settings = {key: value for key, value in SETTINGS.items() if key != "region"}
    assert message_of({"dev": settings}) == "environments.dev.region is missing"


def test_a_name_that_no_repository_could_carry_is_refused() -> None:
    assert "'Dev_1' is part of physical names" in message_of({"Dev_1": SETTINGS}, "Dev_1")


def test_settings_that_are_no_object_are_refused() -> None:
    assert message_of({"dev": []}) == "environments.dev is [], and must be an object of settings"
