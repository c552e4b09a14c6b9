"""A repository that images can be pushed to: one that the app makes, or one that exists."""

from __future__ import annotations

from constructs import Construct

from scoped_images.ecr.address import RepositoryAddress


class AddressedRepository(Construct):
    """A repository whose place is known when the app is synthesized.

    address: account, region and name.
    deployed_with: the construct whose stack must be deployed before images are pushed; None for a repository that no
        stack of the app makes.
    """

    address: RepositoryAddress
    deployed_with: Construct | None = None

    def keep_moving_tag(self, tag: str) -> None:
        """Let `tag` move from image to image, and keep the image that has it."""
        raise NotImplementedError
