"""The environments of cdk.json, and the message for each mistake in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from scoped_images.cdk.environment import Environment
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from stacks.environment import AppEnvironment
from tests.refusals import refused

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


def test_only_destroy_destroys() -> None:
    assert read(removal_policy="destroy").destroys


@pytest.mark.parametrize("name", ["local", "dev", "staging", "prod"])
def test_cdk_json_holds_the_four_environments(name: str) -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert AppEnvironment.read(context["environments"], name).name == name


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_no_environment_with_data_worth_keeping_destroys_it(name: str) -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert not Environment.read(context["environments"], name).destroys


def test_an_unknown_environment_lists_those_that_exist() -> None:
    assert message_of({"prod": SETTINGS, "dev": SETTINGS}, "stage") == (
        "environments: unknown environment, got 'stage'; known are dev, prod"
    )


@pytest.mark.parametrize(
    ("given", "named"),
    [(cdk.App(), "an App"), (cdk.App().node, "a Node"), (["dev"], "a list"), ("dev", "a str")],
    ids=["app", "node", "list", "name"],
)
def test_what_is_no_value_of_the_context_is_named_by_its_type(given: object, named: str) -> None:
    assert message_of(given) == (
        f"environments: must be the context's value of that key, an object of environments, got {named}; pass "
        "app.node.get_context('environments')"
    )


@pytest.mark.parametrize("name", ["dev", "unknown"])
def test_the_whole_context_is_not_taken_for_the_environments(name: str) -> None:
    assert message_of({"env": "dev", "environments": {"dev": SETTINGS}}, name) == (
        "environments: must be the context's value of that key, got the whole context; pass context['environments'], "
        "or app.node.get_context('environments')"
    )


def test_a_missing_context_says_where_it_comes_from() -> None:
    assert message_of(None).startswith(
        "environments: missing in the context; run cdk in the folder that holds"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"account": "123"},
            "environments.dev.account: must be 12 digits in quotes, got '123'; change it in cdk.json",
        ),
        (
            {"account": 111111111111},
            "environments.dev.account: must be 12 digits in quotes, got 111111111111; change it in cdk.json",
        ),
        (
            {"region": "Ireland"},
            "environments.dev.region: must be a region such as 'eu-west-1', got 'Ireland'; change it in cdk.json",
        ),
        (
            {"platform": "arm64"},
            "environments.dev.platform: must be one of 'linux/amd64', 'linux/arm64', got 'arm64'",
        ),
        (
            {"max_images": 0},
            "environments.dev.max_images: must be a whole number from 1 to 9999, got 0; change it in cdk.json",
        ),
        (
            {"max_images": True},
            "environments.dev.max_images: must be a whole number from 1 to 9999, got True; change it in cdk.json",
        ),
        (
            {"untagged_days": "7"},
            "environments.dev.untagged_days: must be a whole number from 1 to 9999, got '7'; change it in cdk.json",
        ),
        (
            {"builder": "codebuild"},
            "environments.dev.builder: must be 'local' or 'remote', got 'codebuild'; change it in cdk.json",
        ),
        (
            {"mirrors": "x"},
            "environments.dev.mirrors: must be an object of registries, got 'x'; change it in cdk.json",
        ),
        (
            {"base_tag": "latest"},
            "environments.dev.base_tag: must be 'content' or 'git' or 'static' or 'frozen', got 'latest'; change "
            "it in cdk.json",
        ),
        (
            {"removal_policy": "keep"},
            "environments.dev.removal_policy: must be 'destroy' or 'retain', got 'keep'; change it in cdk.json",
        ),
        (
            {"max_images": 10000},
            "environments.dev.max_images: must be a whole number from 1 to 9999, got 10000; change it in cdk.json",
        ),
        (
            {"cache_export": "no"},
            "environments.dev.cache_export: must be true or false, got 'no'; change it in cdk.json",
        ),
        (
            {"require_pins": 1},
            "environments.dev.require_pins: must be true or false, got 1; change it in cdk.json",
        ),
        (
            {"max_image": 3},
            "environments.dev: unknown max_image; known are account, base_tag, builder, cache_export, max_images, "
            "mirrors, platform, pruning, region, removal_policy, require_pins, untagged_days",
        ),
    ],
)
def test_a_wrong_setting_says_which_what_it_got_and_what_it_takes(
    changes: dict[str, Any], message: str
) -> None:
    assert message_of({"dev": {**SETTINGS, **changes}}) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"account": None},
            "Environment.account: must be 12 digits, got None; CDK_DEFAULT_ACCOUNT is set only when the cdk CLI runs the "
            "app with credentials; run it that way, or use a literal",
        ),
        (
            {"region": None},
            "Environment.region: must be a region such as 'eu-west-1', got None; CDK_DEFAULT_REGION is set only when the "
            "cdk CLI runs the app with credentials; run it that way, or use a literal",
        ),
        (
            {"account": cdk.Aws.ACCOUNT_ID},
            "Environment.account: must be 12 digits, got a token; use a literal, because images are built before "
            "CloudFormation knows tokens",
        ),
        (
            {"region": cdk.Aws.REGION},
            "Environment.region: must be a region such as 'eu-west-1', got a token; use a literal, because images are "
            "built before CloudFormation knows tokens",
        ),
        (
            {"account": 111111111111},
            "Environment.account: must be 12 digits in quotes, got 111111111111; correct it where the app makes its "
            "Environment",
        ),
        (
            {"platform": "arm64"},
            "Environment.platform: must be one of 'linux/amd64', 'linux/arm64', got 'arm64'",
        ),
    ],
)
def test_a_wrong_setting_made_in_python_is_not_looked_for_in_cdk_json(
    changes: dict[str, Any], message: str
) -> None:
    settings: dict[str, Any] = {"account": "111111111111", "region": "eu-west-1", **changes}
    with refused(message):
        Environment(name="dev", **settings)


def test_missing_settings_are_listed_at_once() -> None:
    settings = {key: value for key, value in SETTINGS.items() if key not in ("region", "account")}
    assert message_of({"dev": settings}) == (
        "environments.dev: missing account, region; add what is missing to cdk.json"
    )


def test_a_misspelled_setting_is_named_with_what_is_missing_for_it() -> None:
    settings = {key: value for key, value in SETTINGS.items() if key not in ("region", "account")}
    assert message_of({"dev": {**settings, "acount": "111111111111"}}) == (
        "environments.dev: unknown acount and missing account, region; known are account, base_tag, builder, "
        "cache_export, max_images, mirrors, platform, pruning, region, removal_policy, require_pins, untagged_days; add "
        "what is missing to cdk.json"
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda name: Environment.read({name: SETTINGS}, name),
        lambda name: Environment(name=name, account="111111111111", region="eu-west-1"),
    ],
    ids=["read", "made"],
)
def test_a_name_that_no_repository_could_carry_is_refused(make: Callable[[str], Environment]) -> None:
    with refused(
        "name: must be usable in physical names, got 'Dev_1'; use 1-20 lower-case letters, digits and "
        "dashes, a letter first"
    ):
        make("Dev_1")


def test_a_platform_in_words_is_that_platform() -> None:
    made = Environment(name="dev", account="111111111111", region="eu-west-1", platform="linux/arm64")  # type: ignore[arg-type]
    assert made.platform is Platform.LINUX_ARM64


def test_settings_that_are_not_an_object_are_refused() -> None:
    assert (
        message_of({"dev": []})
        == "environments.dev: must be an object of settings, got []; change it in cdk.json"
    )


def app_message(**changes: Any) -> str:
    with pytest.raises(ScopedImagesError) as caught:
        AppEnvironment.read({"dev": {**SETTINGS, **changes}}, "dev")
    return str(caught.value)


def test_the_app_adds_its_certificate_and_its_domain_name() -> None:
    arn = "arn:aws:acm:eu-west-1:111111111111:certificate/x"
    settings = {**SETTINGS, "certificate_arn": arn, "domain_name": "api.example.com"}
    env = AppEnvironment.read({"dev": settings}, "dev")
    assert (env.certificate_arn, env.domain_name) == (arn, "api.example.com")
    assert app_message(certificate_arn=arn) == (
        "environments.dev.certificate_arn and environments.dev.domain_name: set both or neither"
    )
    assert app_message(certificate_arn="x", domain_name="api.example.com") == (
        "environments.dev.certificate_arn: must be an ACM ARN, got 'x'; change it in cdk.json"
    )
    assert app_message(certificate_arn=arn, domain_name="api") == (
        "environments.dev.domain_name: must be a name such as 'api.example.com', got 'api'; change it in cdk.json"
    )
