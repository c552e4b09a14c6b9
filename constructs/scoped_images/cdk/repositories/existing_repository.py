"""A repository that the app does not make."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images.cdk.annotations import annotate_info
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.arguments import expect_accounts
from scoped_images.cdk.checked import checked
from scoped_images.cdk.repositories.addressed_repository import AddressedRepository
from scoped_images.ecr.address import RepositoryAddress


class ExistingRepository(AddressedRepository):
    """A repository that exists already, or that a stock construct of the app makes.

    policy: the statements that its policy needs. Those of a stock construct of this app are added to it; of any other
        repository its owner adds them, and `policy_text` has them for `aws ecr set-repository-policy`.
    """

    @checked()
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
        expect_accounts("pull_accounts", pull_accounts)
        self.address, self.deployed_with = address, owner
        self.policy = self._statements(pull_accounts)
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
