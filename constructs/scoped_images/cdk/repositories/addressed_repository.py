"""A repository that images can be pushed to: one that the app makes, or one that exists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from constructs import Construct

from scoped_images.cdk.checked import checked
from scoped_images.cdk.order.ordered_assets import publishing_role_of
from scoped_images.cdk.place import place_of, stack_of
from scoped_images.cdk.stack_outputs import add_outputs, output_name
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.ecr.repository_policy import statements


class AddressedRepository(Construct):
    """A repository whose place is known when the app is synthesized.

    address: account, region and name.
    deployed_with: the construct whose stack must be deployed before images are pushed; None for a repository that no
        stack of the app makes.
    """

    address: RepositoryAddress
    deployed_with: Construct | None = None

    @checked()
    def add_outputs(self, *, name: str | None = None, parameters: str | None = None) -> None:
        """Add name, URI and login command to the outputs of the repository's stack.

        name: what the outputs' names begin with, as in `UploadRepositoryUri`. Defaults to the construct's id.
        parameters: as those of StackOutputs.
        """
        address, prefix = self.address, name or output_name(self.node.id)
        login = (
            f"aws ecr get-login-password --region {address.region} | "
            f"docker login --username AWS --password-stdin {address.registry}"
        )
        values = {"RepositoryName": address.name, "RepositoryUri": address.uri, "LoginCommand": login}
        add_outputs(self, {f"{prefix}{key}": value for key, value in values.items()}, parameters=parameters)

    def _statements(self, pull_accounts: Iterable[str]) -> list[dict[str, Any]]:
        """Return the statements that the repository's policy needs, in literals."""
        stack, address = stack_of(self), self.address
        # Wherever the region is known, so is the partition; CDK leaves it a token.
        token = f"arn:{place_of(stack).partition}:"
        role = publishing_role_of(stack).replace(token, f"arn:{address.partition}:", 1)
        return statements(address, publishing_role=role, pull_accounts=pull_accounts)

    def keep_moving_tag(self, tag: str) -> None:
        """Let `tag` move from image to image, and keep the image that has it."""
        raise NotImplementedError
