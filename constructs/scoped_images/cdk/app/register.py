"""What the constructs of one app must know of each other: its repositories, bases, caches and published images."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from aws_cdk import aws_ecr as ecr
from constructs import Construct

from scoped_images.cdk.app.registered_image import RegisteredImage
from scoped_images.cdk.place import path_of
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError


class Register:
    """Holds what the constructs of one app add. Raises where two of them may not share.

    images: whose platforms are known, in the order in which they were made.
    contexts: of all images that the app builds, base images among them.
    watched_files: further files that decide what the app builds.
    """

    def __init__(self) -> None:
        self.images: list[RegisteredImage] = []
        self.contexts: list[ScopedContext] = []
        self.watched_files: list[Path] = []
        self._repositories: dict[RepositoryAddress, tuple[Construct, ecr.Repository]] = {}
        self._external_repositories: set[tuple[str, str, str]] = set()
        self._moving_tags: dict[tuple[RepositoryAddress, str], str] = {}
        self._begin: list[Callable[[], None]] = []
        self._finish: list[Callable[[], None]] = []
        self._caches: dict[str, tuple[str, str]] = {}
        self._noted: set[str] = set()

    def add_image(self, image: RegisteredImage) -> None:
        """Have the resources that run the image checked."""
        self.images.append(image)

    def add_contexts(self, contexts: Iterable[ScopedContext]) -> None:
        """Have `cdk watch` observe the files of these contexts."""
        self.contexts += contexts

    def repository(self, address: RepositoryAddress) -> ecr.Repository | None:
        """Return a repository that the app makes; None for any other."""
        return self._repositories[address][1] if address in self._repositories else None

    def add_repository(
        self, scope: Construct, address: RepositoryAddress, repository: ecr.Repository
    ) -> None:
        """Add a repository that the app makes. Raises ScopedImagesError if another construct makes it too.

        scope: the construct to name in the message.
        """
        other, made = self._repositories.setdefault(address, (scope, repository))
        if made is not repository:
            raise ScopedImagesError(
                f"repository_name: {path_of(scope)!r} would make a repository that {path_of(other)!r} makes already, "
                f"got {address.name!r} in {address.account}/{address.region}; choose another name, or use the one "
                "repository for both"
            )

    def before_aspects(self, begin: Callable[[], None]) -> None:
        """Call `begin` when the app has made its constructs, also in a synth that skips validation."""
        self._begin.append(begin)

    def after_aspects(self, finish: Callable[[], None]) -> None:
        """Call `finish` when aspects have changed what they change, as a part of validation."""
        self._finish.append(finish)

    def begin(self) -> None:
        """Call everything that waits for the constructs. An app may be synthesized more than once."""
        for begin in self._begin:
            begin()

    def finish(self) -> None:
        """Call everything that waits for the aspects."""
        for finish in self._finish:
            finish()

    def is_external(self, *, account: str | None, region: str | None, name: str) -> bool:
        """Return whether the app uses this repository and does not make it, so that its policy is unknown."""
        return (account, region, name) in self._external_repositories

    def add_external_repository(self, address: RepositoryAddress) -> None:
        """Add a repository that the app does not make."""
        self._external_repositories.add((address.account, address.region, address.name))

    def add_moving_tag(self, scope: Construct, address: RepositoryAddress, tag: str) -> None:
        """Reserve a tag of a repository for one image. Raises ScopedImagesError if another image moves it."""
        other = self._moving_tags.setdefault((address, tag), path_of(scope))
        if other != path_of(scope):
            raise ScopedImagesError(
                f"repository: {path_of(scope)!r} would move the tag {tag!r} of {other!r}, got {address.name!r} for both; "
                "give each a repository of its own"
            )

    def moving_tags(self, *, account: str, region: str, names: Collection[str]) -> list[str]:
        """Return the tags that images of the app move in the repositories of these names."""
        return [
            tag
            for address, tag in self._moving_tags
            if (address.account, address.region) == (account, region) and address.name in names
        ]

    def is_first(self, subject: str) -> bool:
        """Return whether nothing has asked for this subject before, so that the app says it once."""
        is_first = subject not in self._noted
        self._noted.add(subject)
        return is_first

    def add_cache(self, scope: Construct, ref: str, tag: str) -> str | None:
        """Return the path of another image that exports to this cache; equal images may share one."""
        other, other_tag = self._caches.setdefault(ref, (path_of(scope), tag))
        return other if other != path_of(scope) and other_tag != tag else None
