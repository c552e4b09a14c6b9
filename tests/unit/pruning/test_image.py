"""References are read as docker writes them, wherever they stand."""

from __future__ import annotations

import pytest

from scoped_images.pruning.image import ImageReference

DIGEST = "sha256:" + "a" * 64
ECR = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ECR}/team/app:sha-1", ImageReference("team/app", "sha-1")),
        (f"{ECR}/app@{DIGEST}", ImageReference("app", None, DIGEST)),
        (f"{ECR}/app:v1@{DIGEST}", ImageReference("app", "v1", DIGEST)),
        (f"{ECR}/app", ImageReference("app", "latest")),
        (f"{ECR}/app@sha512:{'b' * 128}", ImageReference("app", None, f"sha512:{'b' * 128}")),
        ("111111111111.dkr-ecr.eu-west-1.on.aws/app:v1", ImageReference("app", "v1")),
        ("localhost:4566/app:v1", ImageReference("app", "v1")),
        ("app:v1", ImageReference("app", "v1")),
        ("team/app", ImageReference("team/app", "latest")),
        ("arn:aws:ecs:eu-west-1:111111111111:task-definition/app:1", None),
        ("https://example.com/app", None),
        ("", None),
    ],
)
def test_a_reference_is_a_repository_with_a_tag_or_a_digest(
    text: str, expected: ImageReference | None
) -> None:
    assert ImageReference.parse(text) == expected
