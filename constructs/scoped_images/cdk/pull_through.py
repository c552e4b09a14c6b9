"""A mirror of a public registry in the account's own ECR, filled by what is pulled through it."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from scoped_images.cdk.ordered_assets import OrderedAssets
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError
from scoped_images.upstream.pull_through_rule import PullThroughRule

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html, and what any pull needs. The
# repository of an image is made at its first pull, so no policy of the repository's own can be there before.
_PULL = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:CreateRepository",
    "ecr:GetDownloadUrlForLayer",
]


class PullThroughCache(Construct):
    """Lets ECR pull images of a public registry, keep them, and serve them from `<prefix>/…`.

    Give `mirror` to UpstreamImages(mirrors=…). CDK's image-publishing role may pull through it; others by
    `grant_pull`. It belongs to a stack that is deployed before the images are built. Scanning is set for a whole
    registry, not here.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str = "ecr-public",
        upstream: str = "public.ecr.aws",
        credential_arn: str | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        """Make the rule, and say how the repositories are made that it fills.

        prefix: the folder of the cached repositories, 2-30 characters; one registry, one prefix.
        upstream: the public registry, as Dockerfiles name it.
        credential_arn: the Secrets Manager secret with a login to `upstream`; its name starts with
            `ecr-pullthroughcache/`. Registries that answer everybody need none.
        encryption_key: of the cached repositories; by default AES-256 with a key that ECR manages.
        """
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        rule = PullThroughRule(prefix=prefix, upstream=upstream, credential_arn=credential_arn)
        address = RepositoryAddress(account=stack.account, region=stack.region, name=prefix)
        # What UpstreamImages(mirrors=…) takes.
        self.mirror: Mapping[str, str] = {upstream: address.uri}
        self._repositories = stack.format_arn(
            service="ecr", resource="repository", resource_name=f"{prefix}/*"
        )
        resource = ecr.CfnPullThroughCacheRule(
            self,
            "Rule",
            ecr_repository_prefix=prefix,
            upstream_registry=rule.kind,
            upstream_registry_url=rule.url,
            credential_arn=credential_arn,
        )
        # A pull between the two would make a repository without the template.
        resource.node.add_dependency(self._template(prefix, encryption_key))
        self.grant_pull(self._publishing_role()).apply_before(resource)

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` pull through the cache: also what nobody has pulled yet. To log in it needs
        `ecr:GetAuthorizationToken` besides.
        """
        return iam.Grant.add_to_principal(grantee=grantee, actions=_PULL, resource_arns=[self._repositories])

    def _template(self, prefix: str, key: kms.IKey | None) -> ecr.CfnRepositoryCreationTemplate:
        encryption = ecr.CfnRepositoryCreationTemplate.EncryptionConfigurationProperty(
            encryption_type="KMS" if key else "AES256", kms_key=key.key_arn if key else None
        )
        return ecr.CfnRepositoryCreationTemplate(
            self,
            "Template",
            prefix=prefix,
            applied_for=["PULL_THROUGH_CACHE"],
            description="Repositories of a pull-through cache",
            encryption_configuration=encryption,
            # Upstream tags move, and ECR moves them here: pins are what stands still.
            image_tag_mutability="MUTABLE",
            custom_role_arn=self._creation_role(key).role_arn if key else None,
        )

    def _creation_role(self, key: kms.IKey) -> iam.Role:
        """The role with which ECR makes encrypted repositories; without a key its own is enough.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html
        """
        role = iam.Role(
            self,
            "CreationRole",
            description="Makes the repositories of a pull-through cache",
            assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["ecr:CreateRepository", "ecr:ReplicateImage"], resources=[self._repositories]
            )
        )
        key.grant(role, "kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")
        return role

    def _publishing_role(self) -> iam.IRole:
        stack = Stack.of(self)
        synthesizer = stack.synthesizer
        if not isinstance(synthesizer, OrderedAssets):
            raise ScopedImagesError(
                f"stack {stack.node.path!r} does not tell which role publishes its images: give it the synthesizer, "
                "Stack(…, synthesizer=OrderedAssets()), or the whole app, App(default_stack_synthesizer=OrderedAssets())"
            )
        arn = synthesizer.image_publishing_role_arn
        if f":iam::{stack.account}:role/" not in arn:
            raise ScopedImagesError(
                f"{self.node.path!r} is in account {stack.account}, and its images are published by {arn}: the role "
                "that pulls must be in the account of the cache"
            )
        return iam.Role.from_role_name(self, "PublishingRole", arn.rpartition("/")[2])
