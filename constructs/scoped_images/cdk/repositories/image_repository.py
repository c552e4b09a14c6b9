"""An ECR repository with scanning, encryption, immutable content tags and a lifecycle."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache

# aws_kms loads when it is first used.
import aws_cdk
from aws_cdk import CfnDeletionPolicy, RemovalPolicy, Token
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.arguments import expect_accounts
from scoped_images.cdk.checked import checked
from scoped_images.cdk.place import address_in, parent_of, path_of, stack_of
from scoped_images.cdk.repositories.addressed_repository import AddressedRepository
from scoped_images.cdk.repositories.existing_repository import ExistingRepository
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.ecr.lifecycle import ImageLifecycle
from scoped_images.ecr.tags import MAX_MOVING_PATTERNS, MOVING_PATTERNS
from scoped_images.errors import ScopedImagesError

_ARN = re.compile(r"arn:[\w-]+:ecr:([a-z0-9-]+):(\d{12}):repository/(.+)")


class ImageRepository(AddressedRepository):
    """A repository for one image, its moving tags and its build cache.

    Content tags (`sha-…`) are immutable; `cache*`, `git-*` and `stable` move. CDK's image-publishing role may pull
    and push, since the CLI logs in with it before each build. Put the repository into a stack before the stacks of its
    images: a build cannot write its cache to a repository of its own stack.
    """

    @checked()
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository_name: str,
        lifecycle: ImageLifecycle,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        encryption_key: aws_cdk.aws_kms.IKey | None = None,
        pull_accounts: Sequence[str] = (),
    ) -> None:
        """Make the repository.

        repository_name: physical name, a literal; include the environment.
        removal_policy: RETAIN keeps the repository when its stack is deleted; DESTROY deletes it with all its images.
        encryption_key: defaults to AES-256 with a key that ECR manages.
        pull_accounts: further accounts that may pull, 12 digits each, with their Lambda functions of this region.
        """
        super().__init__(scope, construct_id)
        if parent_of(stack_of(self)) is not None:
            raise ScopedImagesError(
                f"repository: images are built after whole stacks, got {path_of(self)!r} in a nested stack; put the "
                "repository into a stack of its own, or into the nested stack's parent"
            )
        expect_accounts("pull_accounts", pull_accounts)
        self.address = address_in(self, repository_name)
        self.deployed_with = self
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=repository_name,
            image_scan_on_push=True,
            encryption=ecr.RepositoryEncryption.KMS if encryption_key else None,
            encryption_key=encryption_key,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
            image_tag_mutability_exclusion_filters=_moving_patterns(),
            removal_policy=removal_policy,
            empty_on_delete=removal_policy is RemovalPolicy.DESTROY,
        )
        register_of(self).add_repository(self, self.address, self.repository)
        resource = self.repository.node.default_child
        assert isinstance(resource, ecr.CfnRepository)
        self._resource, self._lifecycle, self._moving_tags = resource, lifecycle, list[str]()
        self._deleted_with_stack = removal_policy is RemovalPolicy.DESTROY
        self._set_lifecycle()
        register_of(self).after_aspects(self._empty_on_delete)
        for statement in self._statements(pull_accounts):
            self.repository.add_to_resource_policy(iam.PolicyStatement.from_json(statement))

    def keep_moving_tag(self, tag: str) -> None:
        """Let `tag` move from image to image, and never expire the image that has it. ECR allows two such tags here."""
        if tag in self._moving_tags:
            return
        patterns = (*MOVING_PATTERNS, *self._moving_tags, tag)
        if len(patterns) > MAX_MOVING_PATTERNS:
            raise ScopedImagesError(
                f"moving_tag: ECR takes {MAX_MOVING_PATTERNS} patterns of tags that move, got {tag!r} in addition to "
                f"{', '.join(self._moving_tags)} for {self.node.path!r}; give the image a repository of its own"
            )
        self._moving_tags.append(tag)
        self._resource.image_tag_mutability_exclusion_filters = [
            ecr.CfnRepository.ImageTagMutabilityExclusionFilterProperty(
                image_tag_mutability_exclusion_filter_type="WILDCARD",
                image_tag_mutability_exclusion_filter_value=pattern,
            )
            for pattern in patterns
        ]
        self._set_lifecycle()

    def _empty_on_delete(self) -> None:
        """Follow RemovalPolicies and other aspects: CloudFormation cannot delete a repository that has images."""
        deleted = self._resource.cfn_options.deletion_policy is CfnDeletionPolicy.DELETE
        if deleted != self._deleted_with_stack:
            self._deleted_with_stack = self._resource.empty_on_delete = deleted

    def _set_lifecycle(self) -> None:
        # Word for word the policy that the evaluator of lifecycle rules is tested with.
        self._resource.lifecycle_policy = ecr.CfnRepository.LifecyclePolicyProperty(
            lifecycle_policy_text=json.dumps({"rules": self._lifecycle.rules(moving_tags=self._moving_tags)})
        )

    @classmethod
    @checked()
    def from_name(
        cls, scope: Construct, construct_id: str, repository_name: str, *, pull_accounts: Sequence[str] = ()
    ) -> ExistingRepository:
        """Use a repository that exists in the stack's account and region.

        The app does not change it: `policy_text` of what this returns is the policy that it needs.
        """
        address = address_in(scope, repository_name)
        return ExistingRepository(scope, construct_id, address=address, pull_accounts=pull_accounts)

    @classmethod
    @checked()
    def from_arn(
        cls, scope: Construct, construct_id: str, repository_arn: str, *, pull_accounts: Sequence[str] = ()
    ) -> ExistingRepository:
        """Use a repository that exists, by its literal ARN."""
        match = _ARN.fullmatch(repository_arn)
        if match is None:
            raise ScopedImagesError(
                f"repository_arn: must be arn:aws:ecr:<region>:<account>:repository/<name>, got {repository_arn!r}; use "
                "a literal ARN"
            )
        region, account, name = match.groups()
        address = RepositoryAddress(account=account, region=region, name=name)
        return ExistingRepository(scope, construct_id, address=address, pull_accounts=pull_accounts)

    @classmethod
    @checked()
    def from_repository(
        cls,
        scope: Construct,
        construct_id: str,
        repository: ecr.IRepository,
        *,
        pull_accounts: Sequence[str] = (),
    ) -> ExistingRepository:
        """Use a stock repository with a literal name. One that the app makes gets the policy that it needs."""
        owner = repository if isinstance(repository, ecr.Repository) else None
        resource = owner.node.default_child if owner else None
        name = (resource if isinstance(resource, ecr.CfnRepository) else repository).repository_name
        if not isinstance(name, str) or Token.is_unresolved(name):
            raise ScopedImagesError(
                "repository: images are pushed before CloudFormation knows a generated name, got "
                f"{path_of(repository)!r}; give it a literal repository_name"
            )
        address = address_in(owner or scope, name)
        return ExistingRepository(
            scope, construct_id, address=address, owner=owner, pull_accounts=pull_accounts
        )


@cache
def _moving_patterns() -> list[ecr.ImageTagMutabilityExclusionFilter]:
    return [ecr.ImageTagMutabilityExclusionFilter.wildcard(pattern) for pattern in MOVING_PATTERNS]
