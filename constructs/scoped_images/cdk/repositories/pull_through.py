"""A mirror of a public registry in the account's own ECR, which ECR fills as images are pulled."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from scoped_images.cdk.checked import checked
from scoped_images.cdk.order.ordered_assets import publishing_role_of
from scoped_images.cdk.place import address_in, path_of, place_of, stack_of
from scoped_images.ecr.actions import PULL
from scoped_images.errors import ScopedImagesError
from scoped_images.upstream.pull_through_rule import PullThroughRule

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html, and what any pull needs. ECR
# creates an image's repository at the first pull, so a policy of that repository would come too late.
_PULL_THROUGH = sorted((*PULL, "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"))


class PullThroughCache(Construct):
    """A cache in ECR of a public registry: ECR pulls an image once and serves it from `<prefix>/…`.

    Pass `mirror` to UpstreamImages(mirrors=…), and deploy the cache's stack before the images are built. CDK's
    image-publishing role may pull through the cache; `grant_pull` lets other roles. Scanning is a setting of the
    whole registry, which this construct does not change.
    """

    @checked()
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
        """Create the rule and the template for the repositories that ECR creates.

        prefix: the folder of the cached repositories, 2-30 characters. Each registry has one prefix.
        upstream: the public registry, as Dockerfiles name it.
        credential_arn: the Secrets Manager secret with a login to `upstream`; its name starts with
            `ecr-pullthroughcache/`. Defaults to no login.
        encryption_key: encrypts the cached repositories. Defaults to AES-256 with a key that ECR manages.
        """
        super().__init__(scope, construct_id)
        rule = PullThroughRule(prefix=prefix, upstream=upstream, credential_arn=credential_arn)
        address = address_in(self, prefix)
        # What UpstreamImages(mirrors=…) takes.
        self.mirror: Mapping[str, str] = {upstream: address.uri}
        self._repositories = f"{place_of(self).repositories_arn}{prefix}/*"
        resource = ecr.CfnPullThroughCacheRule(
            self,
            "Rule",
            ecr_repository_prefix=prefix,
            upstream_registry=rule.kind,
            upstream_registry_url=rule.url,
            credential_arn=credential_arn,
        )
        # ECR would create the repository of an early pull without the template.
        resource.node.add_dependency(self._template(prefix, encryption_key))
        self.grant_pull(self._publishing_role()).apply_before(resource)

    @checked()
    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` pull through the cache, also images that are not in it yet.

        To log in, it also needs `ecr:GetAuthorizationToken`.
        """
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=_PULL_THROUGH, resource_arns=[self._repositories]
        )

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
            # ECR moves a tag when upstream moves it. Pins do not move.
            image_tag_mutability="MUTABLE",
            custom_role_arn=self._creation_role(key).role_arn if key else None,
        )

    def _creation_role(self, key: kms.IKey) -> iam.Role:
        """Create the role with which ECR creates encrypted repositories. Without a key, ECR needs none.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html
        """
        role = iam.Role(
            self,
            "CreationRole",
            description="Creates the repositories of a pull-through cache",
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
        arn, account = publishing_role_of(stack_of(self)), place_of(self).account
        if f":iam::{account}:role/" not in arn:
            raise ScopedImagesError(
                f"image_asset_publishing_role_arn: must be a role of account {account}, got {arn} for "
                f"{path_of(self)!r}; use the account's own bootstrap role"
            )
        return iam.Role.from_role_name(self, "PublishingRole", arn.rpartition("/")[2])
