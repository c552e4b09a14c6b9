"""Which images a run deletes or archives, and why the others stay; pure, so that tests can try thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scoped_images.ecr.tags import subject_of_tag
from scoped_images.pruning.image import ACTIVE, ARCHIVED, Image, ImageReference
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.usage import Usage

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The reason for each image that stays, and the others, an index before its children.

    archived: images to move to ECR's archive. deleted: images to delete.
    """

    kept: Mapping[Key, str]
    archived: tuple[Image, ...]
    deleted: tuple[Image, ...]

    @property
    def unused(self) -> tuple[Image, ...]:
        """What does not stay as it is."""
        return (*self.archived, *self.deleted)


def select_images(
    images: Iterable[Image],
    usage: Usage,
    retention: Retention,
    *,
    now: datetime,
    bases: Mapping[str, tuple[ImageReference, ...]] | None = None,
) -> Selection:
    """Divide `images` into those that stay and those that are not in use.

    bases: the images that an image was built from, by the image's digest.
    """
    registry = _Registry(tuple(images), retention)
    for image in registry.images:
        reason = (
            _reason_of_tags(image, retention)
            or _reason_of_age(image, retention, now)
            or _reason_of_status(image, retention)
        )
        if reason:
            registry.keep(image, reason)
    registry.keep_newest()
    registry.keep_used(usage)
    registry.keep_releases(usage)
    registry.keep_before_used(usage)
    registry.keep_attachments_of_unknown_images()
    registry.keep_what_kept_images_need(bases or {})
    # Only now: an image in its stay keeps nothing else alive.
    for image in registry.images:
        if _in_its_stay(image, retention, now):
            registry.keep(image, f"archived for less than {retention.archive_days} days")
    unused = parents_first([image for image in registry.images if image.key not in registry.kept])
    archives = retention.archive_days is not None
    return Selection(
        kept=registry.kept,
        archived=tuple(image for image in unused if archives and image.status == ACTIVE),
        deleted=tuple(image for image in unused if not archives or image.status == ARCHIVED),
    )


def _reason_of_tags(image: Image, retention: Retention) -> str | None:
    for tag in image.tags:
        if retention.protects(tag):
            return f"tag {tag} is protected"
    for tag in image.tags:
        if not retention.is_content(tag) and subject_of_tag(tag) is None:
            return f"tag {tag} was not made from content"
    return None


def _reason_of_age(image: Image, retention: Retention, now: datetime) -> str | None:
    young = now - timedelta(days=retention.min_age_days)
    if image.pushed_at > young:
        return f"younger than {retention.min_age_days} days"
    if image.restored_at is not None and image.restored_at > young:
        return f"restored from the archive less than {retention.min_age_days} days ago"
    if not image.tags and image.pushed_at > now - timedelta(days=retention.untagged_days):
        return f"untagged for less than {retention.untagged_days} days"
    return None


def _reason_of_status(image: Image, retention: Retention) -> str | None:
    if image.status not in (ACTIVE, ARCHIVED):
        return f"status {image.status}"
    if image.status == ARCHIVED and retention.archive_days is None:
        return "archived, and this pruner does not delete from the archive"
    return None


def _in_its_stay(image: Image, retention: Retention, now: datetime) -> bool:
    """Return whether an unused image has not been in the archive for as long as it may be restored."""
    return (
        image.archived_at is not None
        and retention.archive_days is not None
        and image.archived_at > now - timedelta(days=retention.archive_days)
    )


class _Registry:
    """The images, ways to find them, and the ones that are kept so far."""

    def __init__(self, images: tuple[Image, ...], retention: Retention) -> None:
        self.images = images
        self.kept: dict[Key, str] = {}
        self._retention = retention
        self._by_key = {image.key: image for image in images}
        self._by_tag = {(image.repository, tag): image for image in images for tag in image.tags}
        # By digest only: signatures may be in a repository of their own.
        self._attached: defaultdict[str, list[Image]] = defaultdict(list)
        self._indexes: defaultdict[Key, list[Image]] = defaultdict(list)
        self._by_age: defaultdict[str, list[Image]] = defaultdict(list)
        self._by_repository: defaultdict[str, list[Image]] = defaultdict(list)
        for image in images:
            self._by_repository[image.repository].append(image)
            for subject in (image.subject, *map(subject_of_tag, image.tags)):
                if subject is not None:
                    self._attached[subject].append(image)
            for child in image.children:
                self._indexes[image.repository, child].append(image)
            if any(retention.is_content(tag) for tag in image.tags):
                self._by_age[image.repository].append(image)
        # An index and its children may have one timestamp; the index is then the later one.
        for content_tagged in self._by_age.values():
            content_tagged.sort(
                key=lambda image: (image.pushed_at, self._height(image), image.digest), reverse=True
            )

    def _height(self, image: Image, above: frozenset[Key] = frozenset()) -> int:
        """Return how many levels of children `image` has."""
        above |= {image.key}
        children = (self._by_key.get((image.repository, child)) for child in image.children)
        below = [self._height(child, above) for child in children if child and child.key not in above]
        return 1 + max(below) if below else 0

    def keep(self, image: Image, reason: str) -> None:
        self.kept.setdefault(image.key, reason)

    def find(self, reference: ImageReference) -> list[Image]:
        """Return the images of the tag and of the digest. If they differ, either may be meant."""
        found = (
            self._by_key.get((reference.repository, reference.digest or "")),
            self._by_tag.get((reference.repository, reference.tag or "")),
        )
        return [image for image in found if image is not None]

    def keep_newest(self) -> None:
        for content_tagged in self._by_age.values():
            for image in _last_builds(content_tagged, self._retention.max_images):
                self.keep(image, f"among the newest {self._retention.max_images}")

    def keep_used(self, usage: Usage) -> None:
        for use in usage.uses:
            for image in self.find(use.reference):
                self.keep(image, f"in use by {use.by}")
                # A running task names its platform's image; its next start uses the index.
                for index in self._indexes[image.key]:
                    self.keep(index, f"index of an image in use by {use.by}")
        for image in self.images:
            # A template may join a tag: `sha-${Commit}` and a parameter each hold a half of it.
            halves = (tag.partition("-")[2] for tag in image.tags)
            names = {*image.tags, *halves, image.digest.removeprefix("sha256:")} - {""}
            if not usage.words.isdisjoint(names):
                self.keep(image, "in use by a CloudFormation stack")

    def keep_releases(self, usage: Usage) -> None:
        """Keep the last release of each workload and the `rollback_window` before it."""
        orders: defaultdict[str, set[float]] = defaultdict(set)
        for release in usage.releases:
            orders[release.workload].add(release.order)
        window = self._retention.rollback_window + 1
        last = {workload: sorted(found)[-window:] for workload, found in orders.items()}
        for release in usage.releases:
            if release.order in last[release.workload]:
                for image in self.find(release.reference):
                    self.keep(image, f"one of the last releases of {release.workload}")

    def keep_before_used(self, usage: Usage) -> None:
        """Keep images pushed just before one in use: without versions, Lambda forgets earlier releases."""
        used = {image.key for use in usage.uses for image in self.find(use.reference)}
        for content_tagged in self._by_age.values():
            for place, image in enumerate(content_tagged):
                if image.key in used:
                    same = {child for each in (image, *self._indexes[image.key]) for child in each.children}
                    earlier = _last_builds(content_tagged[place + 1 :], self._retention.rollback_window, same)
                    for each in earlier:
                        self.keep(each, "pushed just before an image in use")

    def keep_attachments_of_unknown_images(self) -> None:
        """Keep signatures whose image is not listed: it may be in a repository that was not looked at."""
        known = {image.digest for image in self.images}
        for subject, attachments in self._attached.items():
            if subject not in known:
                for image in attachments:
                    self.keep(image, f"attached to {subject[:19]}, which is in no repository of this pruner")

    def keep_what_kept_images_need(self, bases: Mapping[str, tuple[ImageReference, ...]]) -> None:
        """Keep children, attachments and bases of kept images, and theirs in turn."""
        waiting = list(self.kept)
        while waiting:
            image = self._by_key[waiting.pop()]
            name = image.name
            needed = [
                (self._by_key.get((image.repository, child)), f"part of index {name}")
                for child in image.children
            ]
            if image.unreadable_index:
                reason = f"may be part of index {name}, which is archived and cannot be read"
                needed += [(other, reason) for other in self._by_repository[image.repository]]
            needed += [(attached, f"attached to {name}") for attached in self._attached[image.digest]]
            needed += [
                (base, f"base of {image.repository}:{name}")
                for reference in bases.get(image.digest, ())
                for base in self.find(reference)
            ]
            for other, reason in needed:
                if other is not None and other.key not in self.kept:
                    self.keep(other, reason)
                    waiting.append(other.key)


def _last_builds(images: list[Image], count: int, parts: Iterable[str] = ()) -> list[Image]:
    """Return the first of `images`, newest first, that come from `count` builds.

    An index and its children come from one build. Archived images do not count: nothing can pull them.

    parts: digests that count as none of these builds.
    """
    parts = set(parts)
    found: list[Image] = []
    for image in images:
        if image.status == ARCHIVED:
            continue
        if image.digest not in parts:
            if count == 0:
                return found
            count -= 1
        parts.update(image.children)
        found.append(image)
    return found


def parents_first(images: list[Image]) -> list[Image]:
    """Sort so that an index goes before its children: ECR refuses to delete what an index references."""
    by_key = {image.key: image for image in images}
    ordered: dict[Key, Image] = {}

    def place(image: Image, above: frozenset[Key]) -> None:
        if image.key in ordered or image.key in above:
            return
        for child in image.children:
            if (image.repository, child) in by_key:
                place(by_key[image.repository, child], above | {image.key})
        ordered[image.key] = image

    for image in sorted(images, key=lambda image: (image.repository, image.pushed_at, image.digest)):
        place(image, frozenset())
    return list(reversed(ordered.values()))
