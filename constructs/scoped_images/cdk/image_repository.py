"""An ECR repository with scanning, encryption, immutable content tags and a lifecycle."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import jsii
from aws_cdk import (
    ArnFormat,
    CfnDeletionPolicy,
    CfnOutput,
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

from scoped_images.cdk.image_watch import register_of
from scoped_images.cdk.ordered_assets import OrderedAssets
from scoped_images.cdk.place import address_in
from scoped_images.ecr.lifecycle import ImageLifecycle
from scoped_images.ecr.tags import MOVING_PATTERNS
from scoped_images.errors import ScopedImagesError


class ImageRepository(Construct):
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
        _check_accounts(pull_accounts)
        self.address = address_in(self, repository_name)
        register = register_of(self)
        register.check_repository(self, self.address)
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
        register.add_repository(self.address, self.repository)
        # Word for word the policy that the evaluator of lifecycle rules is tested with.
        resource = self.repository.node.default_child
        assert isinstance(resource, ecr.CfnRepository)
        resource.lifecycle_policy = ecr.CfnRepository.LifecyclePolicyProperty(
            lifecycle_policy_text=json.dumps({"rules": lifecycle.rules()})
        )
        # RemovalPolicies may change the policy later, and CloudFormation cannot delete a repository that has images.
        resource.empty_on_delete = Lazy.uncached_any(_WhenDeleted(resource))
        self._grant_publishing_role()
        account = Stack.of(self).account
        self._grant_lambda("LambdaFunctions", account)
        for each in dict.fromkeys(pull_accounts):
            self._grant_account(each)
            self._grant_lambda(f"LambdaFunctionsOf{each}", each)

    def _grant_publishing_role(self) -> None:
        stack = Stack.of(self)
        synthesizer = stack.synthesizer
        if not isinstance(synthesizer, OrderedAssets):
            # jsii hands Python a stock synthesizer unbound, which knows neither its qualifier nor its roles.
            raise ScopedImagesError(
                f"synthesizer: the role that publishes the images of stack {stack.node.path!r} is unknown, got "
                f"{type(synthesizer).__name__}; use Stack(…, synthesizer=OrderedAssets()), or for the whole app "
                "App(default_stack_synthesizer=OrderedAssets())"
            )
        self.repository.add_to_resource_policy(
            iam.PolicyStatement(
                sid="ImagePublishingRole",
                principals=[iam.ArnPrincipal(synthesizer.image_publishing_role_arn)],
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:CompleteLayerUpload",
                    "ecr:DescribeImages",
                    # The CLI asks for the repository's URI.
                    "ecr:DescribeRepositories",
                    "ecr:GetDownloadUrlForLayer",
                    "ecr:InitiateLayerUpload",
                    "ecr:PutImage",
                    "ecr:UploadLayerPart",
                ],
            )
        )

    def _grant_account(self, account: str) -> None:
        self.repository.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"Account{account}",
                principals=[iam.AccountPrincipal(account)],
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
            )
        )

    def _grant_lambda(self, sid: str, account: str) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions"""
        functions = Stack.of(self).format_arn(
            service="lambda",
            account=account,
            resource="function",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.repository.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[iam.ServicePrincipal("lambda.amazonaws.com")],
                actions=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                conditions={"StringLike": {"aws:sourceArn": functions}},
            )
        )

    def add_outputs(self) -> None:
        """Add name, URI and login command to the stack's outputs, of which CloudFormation allows 200."""
        login = (
            f"aws ecr get-login-password --region {self.address.region} | "
            f"docker login --username AWS --password-stdin {self.address.registry}"
        )
        CfnOutput(self, "Name", value=self.repository.repository_name)
        CfnOutput(self, "Uri", value=self.address.uri)
        CfnOutput(self, "LoginCommand", value=login)


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
