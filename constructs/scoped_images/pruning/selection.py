"""Which images go and why the others stay; pure, and so tested on thousands of random registries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scoped_images.pruning.image import Image, ImageReference
from scoped_images.pruning.retention import Retention, subject_of_tag
from scoped_images.pruning.usage import Usage

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """kept: the reason for each image that stays. deleted: the others, referring before referred."""

    kept: Mapping[Key, str]
    deleted: tuple[Image, ...]


def select_images(
    images: Iterable[Image],
    usage: Usage,
    retention: Retention,
    *,
    now: datetime,
    bases: Mapping[str, tuple[ImageReference, ...]] | None = None,
) -> Selection:
    """Divide `images` into those that stay and those that go.

    bases: what an image was built from, by the image's digest.
    """
    registry = _Registry(tuple(images), retention)
    for image in registry.images:
        if reason := _own_reason(image, retention, now):
            registry.keep(image, reason)
    registry.keep_newest()
    registry.keep_used(usage)
    registry.keep_releases(usage)
    registry.keep_before_used(usage)
    registry.keep_what_kept_images_need(bases or {})
    gone = [image for image in registry.images if image.key not in registry.kept]
    return Selection(kept=registry.kept, deleted=tuple(_parents_first(gone)))


def _own_reason(image: Image, retention: Retention, now: datetime) -> str | None:
    for tag in image.tags:
        if retention.protects(tag):
            return f"tag {tag} is protected"
    for tag in image.tags:
        if not retention.is_content(tag) and subject_of_tag(tag) is None:
            return f"tag {tag} was not made from content"
    if image.pushed_at > now - timedelta(days=retention.min_age_days):
        return f"younger than {retention.min_age_days} days"
    if not image.tags and image.pushed_at > now - timedelta(days=retention.untagged_days):
        return f"untagged for less than {retention.untagged_days} days"
    return None


class _Registry:
    """The images with the ways to find them, and what is kept so far."""

    def __init__(self, images: tuple[Image, ...], retention: Retention) -> None:
        self.images = images
        self.kept: dict[Key, str] = {}
        self._retention = retention
        self._by_key = {image.key: image for image in images}
        self._by_tag = {(image.repository, tag): image for image in images for tag in image.tags}
        # By digest alone: signatures may be kept in a repository of their own.
        self._attached: defaultdict[str, list[Image]] = defaultdict(list)
        self._indexes: defaultdict[Key, list[Image]] = defaultdict(list)
        self._by_age: defaultdict[str, list[Image]] = defaultdict(list)
        for image in images:
            for subject in (image.subject, *map(subject_of_tag, image.tags)):
                if subject is not None:
                    self._attached[subject].append(image)
            for child in image.children:
                self._indexes[image.repository, child].append(image)
            if any(retention.is_content(tag) for tag in image.tags):
                self._by_age[image.repository].append(image)
        for content_tagged in self._by_age.values():
            content_tagged.sort(key=lambda image: (image.pushed_at, image.digest), reverse=True)

    def keep(self, image: Image, reason: str) -> None:
        self.kept.setdefault(image.key, reason)

    def find(self, reference: ImageReference) -> list[Image]:
        """By tag and by digest: where the two name different images, both may be meant."""
        found = []
        if reference.digest is not None:
            found.append(self._by_key.get((reference.repository, reference.digest)))
        if reference.tag is not None:
            found.append(self._by_tag.get((reference.repository, reference.tag)))
        return [image for image in found if image is not None]

    def keep_newest(self) -> None:
        for content_tagged in self._by_age.values():
            for image in _last_builds(content_tagged, self._retention.max_images):
                self.keep(image, f"among the newest {self._retention.max_images}")

    def keep_used(self, usage: Usage) -> None:
        for use in usage.uses:
            for image in self.find(use.reference):
                self.keep(image, f"in use by {use.by}")
                # What runs may tell the platform's image; what starts it again names the index.
                for index in self._indexes[image.key]:
                    self.keep(index, f"index of an image in use by {use.by}")
        for image in self.images:
            # A template may put a tag together: `sha-${Commit}` and a parameter hold its halves apart.
            halves = (tag.partition("-")[2] for tag in image.tags)
            names = {*image.tags, *halves, image.digest.removeprefix("sha256:")} - {""}
            if not usage.words.isdisjoint(names):
                self.keep(image, "in use by a CloudFormation stack")

    def keep_releases(self, usage: Usage) -> None:
        """The releases in use and the last `rollback_window` before them."""
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
        """What was pushed just before an image in use: Lambda remembers no release without a version."""
        used = {image.key for use in usage.uses for image in self.find(use.reference)}
        for content_tagged in self._by_age.values():
            for place, image in enumerate(content_tagged):
                if image.key in used:
                    same = {child for each in (image, *self._indexes[image.key]) for child in each.children}
                    earlier = _last_builds(content_tagged[place + 1 :], self._retention.rollback_window, same)
                    for each in earlier:
                        self.keep(each, "pushed just before an image in use")

    def keep_what_kept_images_need(self, bases: Mapping[str, tuple[ImageReference, ...]]) -> None:
        """Children, attachments and bases of what is kept, and of these in turn."""
        waiting = list(self.kept)
        while waiting:
            image = self._by_key[waiting.pop()]
            name = image.tags[0] if image.tags else image.digest[:19]
            needed = [
                (self._by_key.get((image.repository, child)), f"part of index {name}")
                for child in image.children
            ]
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
    """The first of `images`, newest first, which `count` builds made: an index and its children are one build's.

    parts: digests that count as none of them.
    """
    parts = set(parts)
    for place, image in enumerate(images):
        if image.digest not in parts:
            if count == 0:
                return images[:place]
            count -= 1
        parts.update(image.children)
    return images


def _parents_first(images: list[Image]) -> list[Image]:
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
