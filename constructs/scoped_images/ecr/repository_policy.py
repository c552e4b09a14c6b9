"""The policy of a repository that lets an app's images be pushed, built from, and run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scoped_images.ecr.actions import PULL, PUSH
from scoped_images.ecr.address import RepositoryAddress


def statements(
    address: RepositoryAddress, *, publishing_role: str, pull_accounts: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the statements of a repository's policy.

    publishing_role: ARN of the role with which the CLI builds and pushes.
    pull_accounts: further accounts that may pull, with their Lambda functions of the repository's region.
    """
    found = [
        _let_role_publish(publishing_role),
        _let_functions_pull(address, address.account, sid="LambdaFunctions"),
    ]
    # A policy takes each Sid once.
    for account in dict.fromkeys(pull_accounts):
        found.append(_let_account_pull(address, account))
        found.append(_let_functions_pull(address, account, sid=f"LambdaFunctionsOf{account}"))
    return found


def _let_role_publish(role_arn: str) -> dict[str, Any]:
    # The CLI logs in with the role before each build, asks for the repository's URI and its tags, and pushes.
    return {
        "Sid": "ImagePublishingRole",
        "Effect": "Allow",
        "Principal": {"AWS": role_arn},
        "Action": sorted((*PULL, *PUSH, "ecr:DescribeImages", "ecr:DescribeRepositories")),
    }


def _let_account_pull(address: RepositoryAddress, account: str) -> dict[str, Any]:
    return {
        "Sid": f"Account{account}",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{address.partition}:iam::{account}:root"},
        # DescribeImages for those who pin a tag by its digest.
        "Action": sorted((*PULL, "ecr:DescribeImages")),
    }


def _let_functions_pull(address: RepositoryAddress, account: str, *, sid: str) -> dict[str, Any]:
    # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions
    functions = f"arn:{address.partition}:lambda:{address.region}:{account}:function:*"
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Condition": {"StringLike": {"aws:sourceArn": functions}},
    }
