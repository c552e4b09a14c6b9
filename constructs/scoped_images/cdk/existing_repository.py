"""A repository that the app does not make."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from aws_cdk import Token
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images.cdk.addressed_repository import AddressedRepository
from scoped_images.cdk.annotations import annotate_info
from scoped_images.cdk.app_register import register_of
from scoped_images.cdk.ordered_assets import publishing_role_of
from scoped_images.cdk.place import address_in, path_of, stack_of
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.ecr.repository_policy import let_account_pull, let_functions_pull, let_role_publish
from scoped_images.errors import ScopedImagesError

_ARN = re.compile(r"arn:[\w-]+:ecr:([a-z0-9-]+):(\d{12}):repository/(.+)")


class ExistingRepository(AddressedRepository):
    """A repository that exists already, or that a stock construct of the app makes.

    policy: the statements that its policy needs. Those of a stock construct of this app are added to it; of any other
        repository its owner adds them, and `policy_text` has them for `aws ecr set-repository-policy`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        address: RepositoryAddress,
        owner: ecr.Repository | None = None,
        pull_accounts: Sequence[str] = (),
    ) -> None:
        """Refer to the repository. owner: the stock construct of this app that makes it."""
        super().__init__(scope, construct_id)
        self.address, self.deployed_with, self._owner = address, owner, owner
        stack = stack_of(self)
        self.policy: list[dict[str, Any]] = [
            let_role_publish(publishing_role_of(stack).replace(stack.partition, address.partition)),
            let_functions_pull(_functions(address, address.account)),
        ]
        for account in pull_accounts:
            self.policy.append(let_account_pull(account, f"arn:{address.partition}:iam::{account}:root"))
            self.policy.append(let_functions_pull(_functions(address, account), account=account))
        if owner is None:
            register_of(self).add_external_repository(address)
            annotate_info(
                self,
                "repository-policy",
                f"repository {address.name!r} is not of this app: its policy must let CDK's image-publishing role push "
                "and Lambda pull; policy_text is that policy, for aws ecr set-repository-policy",
            )
            return
        register_of(self).add_repository(owner, address, owner)
        for statement in self.policy:
            owner.add_to_resource_policy(iam.PolicyStatement.from_json(statement))

    @property
    def policy_text(self) -> str:
        """The policy as JSON, in one line."""
        return json.dumps({"Version": "2012-10-17", "Statement": self.policy})

    def keep_moving_tag(self, tag: str) -> None:
        """Say what the repository has to allow, which the app does not change."""
        annotate_info(
            self,
            "moving-tag",
            f"repository {self.address.name!r} is not an ImageRepository: {tag!r} must be mutable there, and its "
            "lifecycle must not expire the image that has the tag",
        )


def from_name(
    scope: Construct, construct_id: str, name: str, *, pull_accounts: Sequence[str]
) -> ExistingRepository:
    """Refer to a repository of the stack's account and region."""
    address = address_in(scope, name)
    return ExistingRepository(scope, construct_id, address=address, pull_accounts=pull_accounts)


def from_arn(
    scope: Construct, construct_id: str, arn: str, *, pull_accounts: Sequence[str]
) -> ExistingRepository:
    """Refer to a repository by its ARN."""
    match = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    if match is None:
        raise ScopedImagesError(
            f"repository_arn: expected arn:aws:ecr:<region>:<account>:repository/<name>, got {str(arn)!r} for "
            f"{construct_id!r}; pass a literal ARN"
        )
    region, account, name = match.groups()
    address = RepositoryAddress(account=account, region=region, name=name)
    return ExistingRepository(scope, construct_id, address=address, pull_accounts=pull_accounts)


def from_repository(
    scope: Construct, construct_id: str, repository: ecr.IRepository, *, pull_accounts: Sequence[str]
) -> ExistingRepository:
    """Refer to a repository that a stock construct of the app makes or imports."""
    if not hasattr(repository, "repository_name"):
        raise ScopedImagesError(
            f"repository: expected an aws_ecr.Repository, got {repository!r} for {construct_id!r}; pass a name to "
            "ImageRepository.from_name"
        )
    made = isinstance(repository, ecr.Repository)
    resource = repository.node.default_child if made else None
    name = resource.repository_name if isinstance(resource, ecr.CfnRepository) else repository.repository_name
    if not isinstance(name, str) or Token.is_unresolved(name):
        raise ScopedImagesError(
            f"repository: images are pushed before CloudFormation knows a generated name, got {path_of(repository)!r}; "
            "give it a literal repository_name"
        )
    address = address_in(repository if made else scope, name)
    owner = repository if isinstance(repository, ecr.Repository) else None
    return ExistingRepository(scope, construct_id, address=address, owner=owner, pull_accounts=pull_accounts)


def _functions(address: RepositoryAddress, account: str) -> str:
    return f"arn:{address.partition}:lambda:{address.region}:{account}:function:*"
