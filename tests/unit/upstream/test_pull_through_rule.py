"""What a pull-through cache takes, and what it refuses."""

from __future__ import annotations

import pytest

from scoped_images import ScopedImagesError
from scoped_images.upstream.pull_through_rule import PullThroughRule

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
            "prefix of the pull-through cache is 'Public', and takes 2-30 lower-case letters, digits, "
            "'.', '_', '-' and '/'",
        ),
        (
            {"upstream": "registry.example"},
            "upstream of the pull-through cache is 'registry.example', which ECR does not cache; it "
            "does: docker.io, ghcr.io, "
            "public.ecr.aws, quay.io, registry.gitlab.com, registry.k8s.io, <name>.azurecr.io",
        ),
        (
            {"upstream": "docker.io"},
            "upstream of the pull-through cache is 'docker.io', which ECR asks with a login only: give "
            "credential_arn, the ARN "
            "of a Secrets Manager secret whose name starts with 'ecr-pullthroughcache/'",
        ),
        (
            {
                "upstream": "docker.io",
                "credential_arn": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:hub",
            },
            "credential_arn of the pull-through cache is "
            "'arn:aws:secretsmanager:eu-west-1:111111111111:secret:hub', and takes "
            "the literal ARN of a Secrets Manager secret whose name starts with 'ecr-pullthroughcache/'",
        ),
    ],
)
def test_what_ecr_does_not_take_is_refused(options: dict[str, str], problem: str) -> None:
    with pytest.raises(ScopedImagesError) as raised:
        PullThroughRule(**{"prefix": "ecr-public", "upstream": "public.ecr.aws", **options})
    assert str(raised.value) == problem
