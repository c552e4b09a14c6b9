"""The statements of a repository's policy that let an app's images be pushed, built from, and run."""

from __future__ import annotations

from typing import Any

# DescribeImages for those who pin a tag by its digest.
_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
)
# The CLI logs in with the role before each build, asks for the repository's URI and its tags, and pushes.
_PUBLISH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


def let_role_publish(role_arn: str) -> dict[str, Any]:
    """Let CDK's image-publishing role build from the repository's images and caches, and push."""
    return {
        "Sid": "ImagePublishingRole",
        "Effect": "Allow",
        "Principal": {"AWS": role_arn},
        "Action": list(_PUBLISH),
    }


def let_account_pull(account: str, root_arn: str) -> dict[str, Any]:
    """Let the principals of an account pull. root_arn: `arn:aws:iam::<account>:root`."""
    return {
        "Sid": f"Account{account}",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn},
        "Action": list(_PULL),
    }


def let_functions_pull(functions_arn: str, *, account: str = "") -> dict[str, Any]:
    """Let Lambda pull for an account's functions. account: another one than the repository's.

    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions
    """
    return {
        "Sid": f"LambdaFunctionsOf{account}" if account else "LambdaFunctions",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Condition": {"StringLike": {"aws:sourceArn": functions_arn}},
    }
