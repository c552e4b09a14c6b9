"""A repository as the stacks that publish or run its images see it."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images.cdk.annotations import annotate_error
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.app.rendered_templates import stack_template
from scoped_images.cdk.place import place_of, stack_of
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.templates.template import Templates


class RepositoryByName(ecr.RepositoryBase):
    """A repository by name, so that no export ties its stack to this one; its policy can be added to all the same.

    CDK's imported repositories drop what is added to their policy, and a grant still answers success.
    """

    def __init__(self, scope: Construct, construct_id: str, repository: RepositoryAddress | str) -> None:
        """Refer to a repository.

        repository: its address, which may be another account's, or the name of CDK's own repository, whose policy is the
            bootstrap stack's.
        """
        super().__init__(scope, construct_id)
        address = repository if isinstance(repository, RepositoryAddress) else None
        self._name, self._address = address.name if address else str(repository), address
        self._stack = stack_of(scope)
        place = place_of(scope)
        if address is None or (address.account, address.region) == (place.account, place.region):
            self._arn, self._registry = f"{place.repositories_arn}{self._name}", place.registry
        else:
            self._registry = address.registry
            self._arn = (
                f"arn:{address.partition}:ecr:{address.region}:{address.account}:repository/{address.name}"
            )

    @property
    def repository_name(self) -> str:
        """The physical name."""
        return self._name

    @property
    def repository_arn(self) -> str:
        """The ARN."""
        return self._arn

    def image_uri(self, tag_or_digest: str) -> str:
        """Return the URI of an image, as `repository_uri_for_tag_or_digest` does, without a call to JavaScript."""
        separator = "@" if tag_or_digest.startswith("sha256:") else ":"
        return f"{self._registry}/{self._name}{separator}{tag_or_digest}"

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """Add to the policy of the app's own repository; annotate an error where it has none."""
        principal = self._stack.resolve(statement.to_statement_json().get("Principal"))
        # Every function asks for it, and both kinds of repository let the account's functions pull already.
        if principal == {"Service": "lambda.amazonaws.com"}:
            return iam.AddToResourcePolicyResult(statement_added=False)
        owner = register_of(self).repository(self._address) if self._address else None
        if owner is None:
            whose, remedy = (
                (f"repository {self._name!r}, which it does not make", "add the statement to that policy")
                if self._address
                else ("CDK's own repository", "give the image repository=, an ImageRepository")
            )
            annotate_error(
                self,
                f"an app cannot change the policy of {whose}, got a grant for {_text(self._stack, principal)}; {remedy}",
            )
            return iam.AddToResourcePolicyResult(statement_added=False)
        return owner.add_to_resource_policy(statement)


def _text(stack: Stack, value: Any) -> str:
    return ", ".join(Templates([]).texts(stack_template(stack, {}), value))
