"""What the constructs of one app must know of each other: its repositories, bases, caches and published images."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from scoped_images.cdk.digest import Digest
from scoped_images.cdk.place import path_of, stack_of
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform


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
    needed: CfnResource | None
    ordered: bool
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


@dataclass
class Register:
    """One for each app. Constructs add what they make; what two of them may not share fails there."""

    images: list[RegisteredImage] = field(default_factory=list)
    _repositories: dict[RepositoryAddress, ecr.Repository] = field(default_factory=dict)
    # Repositories that the app does not make, and whose policies it cannot see.
    existing: set[RepositoryAddress] = field(default_factory=set)
    # Settings of stacks' registry functions, by the path of the scope that they are for.
    registry_functions: dict[str, object] = field(default_factory=dict)
    # By tag and repository, the path of the image that the tag moves to.
    _moving_tags: dict[tuple[RepositoryAddress, str], str] = field(default_factory=dict)
    _pruners: list[Callable[[], None]] = field(default_factory=list)
    _caches: dict[str, tuple[str, str]] = field(default_factory=dict)
    _noted: set[str | Path] = field(default_factory=set)
    # Of all images, base images among them.
    contexts: list[ScopedContext] = field(default_factory=list)

    @property
    def repositories(self) -> Mapping[RepositoryAddress, ecr.Repository]:
        """The app's own repositories."""
        return self._repositories

    def check_repository(self, scope: Construct, address: RepositoryAddress) -> None:
        """Raise if another construct makes a repository of this name in the same account and region."""
        if address in self._repositories:
            other = self._repositories[address].node.scope
            assert other is not None, "it belongs to its ImageRepository"
            raise ScopedImagesError(
                f"repository_name: {scope.node.path!r} would make a repository that {other.node.path!r} makes already, "
                f"got {address.name!r} in {address.account}/{address.region}; choose another name, or use the one "
                "repository for both"
            )

    def add_repository(self, address: RepositoryAddress, repository: ecr.Repository) -> None:
        """Add one of the app's own."""
        self._repositories[address] = repository

    def add_moving_tag(self, scope: Construct, address: RepositoryAddress, tag: str) -> None:
        """Reserve a tag of a repository for one image. Raises ScopedImagesError if another image moves it."""
        other = self._moving_tags.setdefault((address, tag), path_of(scope))
        if other != path_of(scope):
            raise ScopedImagesError(
                f"repository: {path_of(scope)!r} would move the tag {tag!r} of {other!r}, got {address.name!r} for both; "
                "give each a repository of its own"
            )
        for keep in self._pruners:
            keep()

    def moving_tags(self, *, account: str, region: str, names: Collection[str]) -> list[str]:
        """Return the tags that images of the app move in the repositories of these names."""
        return [
            tag
            for address, tag in self._moving_tags
            if (address.account, address.region) == (account, region) and address.name in names
        ]

    def add_pruner(self, keep: Callable[[], None]) -> None:
        """Call `keep` after each further moving tag."""
        self._pruners.append(keep)

    def note(self, subject: str | Path) -> bool:
        """Note a subject. Return whether it was not noted before."""
        is_new = subject not in self._noted
        self._noted.add(subject)
        return is_new

    def add_cache(self, scope: Construct, ref: str, tag: str) -> str | None:
        """Return the path of another image that exports to this cache; equal images may share one."""
        other, other_tag = self._caches.setdefault(ref, (path_of(scope), tag))
        return other if other != path_of(scope) and other_tag != tag else None
