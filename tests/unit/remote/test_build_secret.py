"""A build secret is a name, and nothing that could be the secret."""

from __future__ import annotations

import pytest

from scoped_images.remote.build_secret import BuildSecret
from tests.refusals import refused


def test_it_renders_as_codebuild_s_variable() -> None:
    assert BuildSecret.parameter("/build/token").reference == "/build/token"
    assert BuildSecret.secrets_manager("pip").reference == "pip"
    assert BuildSecret.secrets_manager("pip", json_key="index").reference == "pip:index"


@pytest.mark.parametrize(
    "name", ["", "arn:aws:secretsmanager:eu-west-1:1:secret:x", "${Token[TOKEN.1]}", "a b"]
)
def test_an_invalid_name_is_an_error_that_does_not_repeat_it(name: str) -> None:
    with refused(
        "name of a build secret in PARAMETER_STORE: must be letters, digits and any of /_.-, got other "
        "characters; use its name, not its ARN, a token or the secret itself"
    ):
        BuildSecret.parameter(name)


def test_a_key_that_codebuild_would_read_otherwise_is_refused() -> None:
    with refused(
        "json_key of build secret 'pip': must be without colons and spaces, got 'a:b'; rename the member"
    ):
        BuildSecret.secrets_manager("pip", json_key="a:b")
