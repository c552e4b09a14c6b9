"""The environments of cdk.json, and the message for each mistake in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from scoped_images.cdk.environment import Environment
from scoped_images.platform import Platform
from stacks.environment import AppEnvironment
from tests.refusals import refused

ENVIRONMENTS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]["environments"]
PLACE: dict[str, Any] = {"account": "111111111111", "region": "eu-west-1"}
SETTINGS = {**PLACE, "platform": "linux/arm64", "max_images": 10, "untagged_days": 7, "base_tag": "content"}
KNOWN = (
    "known are account, base_tag, builder, cache_export, max_images, mirrors, platform, pruning, region, "
    "removal_policy, require_pins, untagged_days"
)


def test_reads_every_setting_and_only_destroy_destroys() -> None:
    env = Environment.read({"dev": SETTINGS}, "dev")
    assert {key: getattr(env, key) for key in SETTINGS} == SETTINGS
    assert (env.name, env.platform, env.destroys) == ("dev", Platform.LINUX_ARM64, False)
    assert Environment.read({"dev": {**SETTINGS, "removal_policy": "destroy"}}, "dev").destroys


@pytest.mark.parametrize(
    ("name", "destroys"), [("local", True), ("dev", True), ("staging", False), ("prod", False)]
)
def test_cdk_json_holds_the_four_environments_and_keeps_data_worth_keeping(name: str, destroys: bool) -> None:
    env = AppEnvironment.read(ENVIRONMENTS, name)
    assert (env.name, env.destroys) == (name, destroys)


OF_THE_CONTEXT = "environments: must be the context's value of that key"


@pytest.mark.parametrize(
    ("environments", "name", "message"),
    [
        (
            {"prod": {}, "dev": {}},
            "stage",
            "environments: unknown environment, got 'stage'; known are dev, prod",
        ),
        *(
            (
                given,
                "dev",
                f"{OF_THE_CONTEXT}, an object of environments, got {kind}; pass app.node.get_context('environments')",
            )
            for given, kind in (
                (cdk.App(), "App"),
                (cdk.App().node, "Node"),
                (["dev"], "list ['dev']"),
                ("dev", "str 'dev'"),
                (True, "bool True"),
            )
        ),
        (
            {"env": "dev", "environments": {"dev": SETTINGS}},
            "dev",
            f"{OF_THE_CONTEXT}, got the whole context; pass context['environments'], or "
            "app.node.get_context('environments')",
        ),
        (
            None,
            "dev",
            "environments: missing in the context; run cdk in the folder that holds cdk.json, or pass "
            "App(context={'environments': {…}})",
        ),
        (
            {"dev": []},
            "dev",
            "environments.dev: must be an object of settings, got []; change it in cdk.json",
        ),
        (
            {"dev": {"max_images": 3}},
            "dev",
            "environments.dev: missing account, region; add what is missing to cdk.json",
        ),
        ({"dev": {**PLACE, "max_image": 3}}, "dev", f"environments.dev: unknown max_image; {KNOWN}"),
        (
            {"dev": {"acount": "111111111111"}},
            "dev",
            f"environments.dev: unknown acount and missing account, region; {KNOWN}; add what is missing to cdk.json",
        ),
    ],
    ids=[
        *(
            "unknown",
            "an app",
            "a node",
            "a list",
            "a name",
            "a bool",
            "the whole context",
            "none",
            "no settings",
            "missing",
        ),
        *("unknown setting", "misspelled setting"),
    ],
)
def test_what_is_not_one_of_the_context_s_environments_is_named(
    environments: object, name: str, message: str
) -> None:
    with refused(message):
        Environment.read(environments, name)


COUNT = "a whole number from 1 to 9999"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("account", "123", "12 digits in quotes"),
        ("account", 111111111111, "12 digits in quotes"),
        ("region", "Ireland", "a region such as 'eu-west-1'"),
        ("max_images", 0, COUNT),
        ("max_images", 10000, COUNT),
        ("max_images", True, COUNT),
        ("untagged_days", "7", COUNT),
        ("builder", "codebuild", "'local' or 'remote'"),
        ("mirrors", "x", "an object of registries"),
        ("base_tag", "latest", "'content' or 'git' or 'static' or 'frozen'"),
        ("removal_policy", "keep", "'destroy' or 'retain'"),
        ("cache_export", "no", "true or false"),
        ("require_pins", 1, "true or false"),
    ],
)
def test_a_wrong_setting_says_which_what_it_got_and_what_it_takes(
    key: str, value: object, expected: str
) -> None:
    with refused(f"environments.dev.{key}: must be {expected}, got {value!r}; change it in cdk.json"):
        Environment.read({"dev": {**SETTINGS, key: value}}, "dev")


BY_THE_CLI = "is set only when the cdk CLI runs the app with credentials; run it that way, or use a literal"
LITERAL = "use a literal, because images are built before CloudFormation knows tokens"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("account", None, f"12 digits, got None; CDK_DEFAULT_ACCOUNT {BY_THE_CLI}"),
        ("region", None, f"a region such as 'eu-west-1', got None; CDK_DEFAULT_REGION {BY_THE_CLI}"),
        ("account", cdk.Aws.ACCOUNT_ID, f"12 digits, got a token; {LITERAL}"),
        ("region", cdk.Aws.REGION, f"a region such as 'eu-west-1', got a token; {LITERAL}"),
        (
            "account",
            111111111111,
            "12 digits in quotes, got 111111111111; correct it where the app makes its Environment",
        ),
        ("platform", "arm64", "one of 'linux/amd64', 'linux/arm64', got 'arm64'"),
    ],
    ids=["no account", "no region", "account token", "region token", "number", "platform"],
)
def test_a_wrong_setting_made_in_python_is_not_looked_for_in_cdk_json(
    key: str, value: object, problem: str
) -> None:
    settings: dict[str, Any] = {**PLACE, key: value}
    with refused(f"Environment.{key}: must be {problem}"):
        Environment(name="dev", **settings)


def test_a_platform_in_words_is_that_platform_and_another_is_named_with_its_key() -> None:
    assert Environment(name="dev", **SETTINGS).platform is Platform.LINUX_ARM64
    with refused("environments.dev.platform: must be one of 'linux/amd64', 'linux/arm64', got 'arm64'"):
        Environment.read({"dev": {**SETTINGS, "platform": "arm64"}}, "dev")


@pytest.mark.parametrize(
    "make",
    [
        lambda name: Environment.read({name: SETTINGS}, name),
        lambda name: Environment(name=name, **PLACE),
    ],
    ids=["read", "made"],
)
def test_a_name_that_no_repository_could_carry_is_refused(make: Callable[[str], Environment]) -> None:
    with refused(
        "name: must be usable in physical names, got 'Dev_1'; use 1-20 lower-case letters, digits and "
        "dashes, a letter first"
    ):
        make("Dev_1")


ARN = "arn:aws:acm:eu-west-1:111111111111:certificate/x"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            (ARN, None),
            "environments.dev.certificate_arn and environments.dev.domain_name: set both or neither",
        ),
        (
            ("x", "api.example.com"),
            "environments.dev.certificate_arn: must be an ACM ARN, got 'x'; change it in cdk.json",
        ),
        (
            (ARN, "api"),
            "environments.dev.domain_name: must be a name such as 'api.example.com', got 'api'; change it in cdk.json",
        ),
    ],
    ids=["one", "certificate", "domain"],
)
def test_the_app_adds_its_certificate_and_its_domain_name(
    settings: tuple[str, str | None], message: str
) -> None:
    def read(arn: str, domain: str | None) -> AppEnvironment:
        return AppEnvironment.read(
            {"dev": {**SETTINGS, "certificate_arn": arn, "domain_name": domain}}, "dev"
        )

    env = read(ARN, "api.example.com")
    assert (env.certificate_arn, env.domain_name) == (ARN, "api.example.com")
    with refused(message):
        read(*settings)
