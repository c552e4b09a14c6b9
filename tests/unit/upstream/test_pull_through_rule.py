"""What a pull-through cache takes, and what it refuses."""

from __future__ import annotations

import pytest

from scoped_images.upstream.pull_through_rule import PullThroughRule
from tests.refusals import refused

SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:ecr-pullthroughcache/hub-AbCdEf"


@pytest.mark.parametrize(
    ("upstream", "secret", "kind", "url"),
    [
        ("public.ecr.aws", None, "ecr-public", "public.ecr.aws"),
        ("docker.io", SECRET, "docker-hub", "registry-1.docker.io"),
        ("team.azurecr.io", SECRET, "azure-container-registry", "team.azurecr.io"),
        ("quay.io", SECRET, "quay", "quay.io"),
    ],
)
def test_a_registry_has_ecr_s_name_and_address(
    upstream: str, secret: str | None, kind: str, url: str
) -> None:
    rule = PullThroughRule(prefix="mirror", upstream=upstream, credential_arn=secret)
    assert (rule.kind, rule.url) == (kind, url)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"prefix": "Public"},
            "prefix: must be 2-30 lower-case letters, digits, '.', '_', '-' and '/', got 'Public'; choose another",
        ),
        (
            {"upstream": "registry.example"},
            "upstream: ECR does not cache this registry, got 'registry.example'; use one of docker.io, ghcr.io, "
            "public.ecr.aws, quay.io, registry.gitlab.com, registry.k8s.io, <name>.azurecr.io",
        ),
        (
            {"upstream": "docker.io"},
            "upstream: ECR needs a login for this registry, got 'docker.io'; pass credential_arn, the ARN "
            "of a Secrets Manager secret whose name starts with 'ecr-pullthroughcache/'",
        ),
        (
            {
                "upstream": "docker.io",
                "credential_arn": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:hub",
            },
            "credential_arn: must be the ARN of a cache's login, got "
            "'arn:aws:secretsmanager:eu-west-1:111111111111:secret:hub'; pass "
            "the literal ARN of a Secrets Manager secret whose name starts with 'ecr-pullthroughcache/'",
        ),
    ],
)
def test_a_rule_that_ecr_would_refuse_is_an_error(options: dict[str, str], problem: str) -> None:
    with refused(problem):
        PullThroughRule(**{"prefix": "ecr-public", "upstream": "public.ecr.aws", **options})
