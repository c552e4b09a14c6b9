"""An image of the app and its digest, as the checks of what runs it need them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aws_cdk import CfnResource, Stack
from constructs import Construct

from scoped_images.cdk.place import path_of, stack_of
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class Digest:
    """A digest that is known when the stack deploys.

    digest: begins with a literal `sha256:`, which makes CDK write `@sha256:…` and not `:sha256…`.
    logical_id: of the resource that finds the digest.
    attribute: of that resource, by which templates name the image. Empty where all its attributes do.
    """

    digest: str
    logical_id: str
    attribute: str


@dataclass(frozen=True, kw_only=True)
class RegisteredImage:
    """An image whose platforms are known. A stack of the app publishes it, unless it exists already.

    uri: the image by its tag or digest. platforms: of the image, or of all images in the index.
    fragment: what every resolved value that names it contains, in JSON, and no other value.
    find_digest: returns the digest that templates may name the image by, or None while nothing asks for it.
    needed: the resource that puts the tag into the registry while the stack deploys; None for an image that is
        pushed before.
    ordered: whether the CLI builds it, and must do so after other stacks are deployed.
    exists: whether something outside the app pushed it, so that nothing waits for it.
    """

    scope: Construct
    uri: str
    fragment: str
    platforms: tuple[Platform, ...]
    find_digest: Callable[[], Digest | None]
    needed: CfnResource | None = None
    ordered: bool = False
    exists: bool = False

    @property
    def stack(self) -> Stack:
        """The stack that publishes it or holds its construct, which may be a nested one."""
        return stack_of(self.scope)

    @property
    def is_index(self) -> bool:
        """Whether it is an index over several platforms."""
        return len(self.platforms) > 1

    def is_named_in(self, text: str) -> bool:
        """Whether a resolved value in JSON names it. Equal images of two stacks have equal names."""
        digest = self.find_digest()
        return self.fragment in text or (
            digest is not None and (digest.attribute or digest.logical_id) in text
        )

    @property
    def digest_names(self) -> list[str]:
        """How templates name its digest: the attribute, or what the names of several attributes begin with."""
        digest = self.find_digest()
        if digest is None:
            return []
        prefix = f"${{{path_of(self.stack)}:{digest.logical_id}."
        return [f"{prefix}{digest.attribute}}}" if digest.attribute else prefix]
