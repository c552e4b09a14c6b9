"""An ECR repository with scanning, encryption, immutable content tags and a lifecycle."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import jsii
from aws_cdk import (
    ArnFormat,
    CfnDeletionPolicy,
    IAnyProducer,
    IResolveContext,
    Lazy,
    RemovalPolicy,
    Stack,
)
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from scoped_images.cdk.addressed_repository import AddressedRepository
from scoped_images.cdk.app_register import register_of
from scoped_images.cdk.existing_repository import (
    ExistingRepository,
    from_arn,
    from_name,
    from_repository,
)
from scoped_images.cdk.ordered_assets import publishing_role_of
from scoped_images.cdk.place import address_in, stack_of
from scoped_images.ecr.lifecycle import ImageLifecycle
from scoped_images.ecr.repository_policy import let_account_pull, let_functions_pull, let_role_publish
from scoped_images.ecr.tags import MAX_MOVING_PATTERNS, MOVING_PATTERNS
from scoped_images.errors import ScopedImagesError


class ImageRepository(AddressedRepository):
    """A repository for one image, its moving tags and its build cache.

    Content tags (`sha-…`) are immutable; `cache*`, `git-*` and `stable` move. CDK's image-publishing role may pull
    and push, since the CLI logs in with it before each build. Put the repository into a stack before the stacks of its
    images: a build cannot write its cache to a repository of its own stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository_name: str,
        lifecycle: ImageLifecycle,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        encryption_key: kms.IKey | None = None,
        pull_accounts: Sequence[str] = (),
    ) -> None:
        """Make the repository.

        repository_name: physical name, a literal; include the environment.
        removal_policy: RETAIN keeps the repository when its stack is deleted; DESTROY deletes it with all its images.
        encryption_key: defaults to AES-256 with a key that ECR manages.
        pull_accounts: further accounts that may pull, 12 digits each, with their Lambda functions of this region.
        """
        super().__init__(scope, construct_id)
        if not isinstance(lifecycle, ImageLifecycle):
            raise ScopedImagesError(
                f"lifecycle: expected an ImageLifecycle, got {lifecycle!r} for {self.node.path!r}; pass "
                "ImageLifecycle(max_images=30, untagged_days=7)"
            )
        if stack_of(self).nested_stack_parent is not None:
            raise ScopedImagesError(
                f"{self.node.path!r} is in a nested stack, and images are built after whole stacks; put the repository "
                "into a stack of its own, or into the nested stack's parent"
            )
        _check_accounts(pull_accounts)
        self.address = address_in(self, repository_name)
        self.deployed_with = self
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=repository_name,
            image_scan_on_push=True,
            encryption=ecr.RepositoryEncryption.KMS if encryption_key else ecr.RepositoryEncryption.AES_256,
            encryption_key=encryption_key,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
            image_tag_mutability_exclusion_filters=[
                ecr.ImageTagMutabilityExclusionFilter.wildcard(pattern) for pattern in MOVING_PATTERNS
            ],
            removal_policy=removal_policy,
        )
        register_of(self).add_repository(self, self.address, self.repository)
        resource = self.repository.node.default_child
        assert isinstance(resource, ecr.CfnRepository)
        self._resource, self._lifecycle, self._moving_tags = resource, lifecycle, list[str]()
        self._set_lifecycle()
        # RemovalPolicies may change the policy later, and CloudFormation cannot delete a repository that has images.
        resource.empty_on_delete = Lazy.uncached_any(_WhenDeleted(resource))
        stack = Stack.of(self)
        self._allow(let_role_publish(publishing_role_of(stack)))
        self._allow(let_functions_pull(self._functions_of(stack.account)))
        for each in dict.fromkeys(pull_accounts):
            root = stack.format_arn(service="iam", region="", account=each, resource="root")
            self._allow(let_account_pull(each, root))
            self._allow(let_functions_pull(self._functions_of(each), account=each))

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

    def _set_lifecycle(self) -> None:
        # Word for word the policy that the evaluator of lifecycle rules is tested with.
        self._resource.lifecycle_policy = ecr.CfnRepository.LifecyclePolicyProperty(
            lifecycle_policy_text=json.dumps({"rules": self._lifecycle.rules(moving_tags=self._moving_tags)})
        )

    @classmethod
    def from_name(
        cls, scope: Construct, construct_id: str, repository_name: str, *, pull_accounts: Sequence[str] = ()
    ) -> ExistingRepository:
        """Use a repository that exists in the stack's account and region.

        The app does not change it: `policy_text` of what this returns is the policy that it needs.
        """
        _check_accounts(pull_accounts)
        return from_name(scope, construct_id, repository_name, pull_accounts=pull_accounts)

    @classmethod
    def from_arn(
        cls, scope: Construct, construct_id: str, repository_arn: str, *, pull_accounts: Sequence[str] = ()
    ) -> ExistingRepository:
        """Use a repository that exists, by its literal ARN."""
        _check_accounts(pull_accounts)
        return from_arn(scope, construct_id, repository_arn, pull_accounts=pull_accounts)

    @classmethod
    def from_repository(
        cls,
        scope: Construct,
        construct_id: str,
        repository: ecr.IRepository,
        *,
        pull_accounts: Sequence[str] = (),
    ) -> ExistingRepository:
        """Use a stock repository with a literal name. One that the app makes gets the policy that it needs."""
        _check_accounts(pull_accounts)
        return from_repository(scope, construct_id, repository, pull_accounts=pull_accounts)

    def _allow(self, statement: dict[str, Any]) -> None:
        self.repository.add_to_resource_policy(iam.PolicyStatement.from_json(statement))

    def _functions_of(self, account: str) -> str:
        return Stack.of(self).format_arn(
            service="lambda",
            account=account,
            resource="function",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )


@jsii.implements(IAnyProducer)
class _WhenDeleted:
    """Whether CloudFormation deletes a resource with its stack, as far as that is known when it is asked."""

    def __init__(self, resource: ecr.CfnRepository) -> None:
        self._resource = resource

    def produce(self, _: IResolveContext) -> bool:
        """Answer CDK."""
        return self._resource.cfn_options.deletion_policy is CfnDeletionPolicy.DELETE


def _check_accounts(accounts: object) -> None:
    if isinstance(accounts, str) or not isinstance(accounts, Sequence):
        raise ScopedImagesError(f"pull_accounts: expected a list, got {accounts!r}; pass ['111111111111']")
    for account in accounts:
        if not isinstance(account, str) or not re.fullmatch(r"\d{12}", account):
            raise ScopedImagesError(
                f"pull_accounts: expected 12 digits, got {account!r}; pass ['111111111111']"
            )
