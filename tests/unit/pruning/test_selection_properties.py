"""What holds for every registry, workload and setting."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scoped_images.pruning.image import Image, ImageReference
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.selection import Selection, select_images
from scoped_images.pruning.usage import Release, Usage, Use

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


class World:
    """A random registry with what runs from it: made from one seed, which is quick and can be repeated."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.retention = Retention(
            max_images=rng.randint(1, 4),
            untagged_days=rng.randint(1, 20),
            min_age_days=rng.randint(1, 20),
            rollback_window=rng.randint(1, 3),
            protect=tuple(rng.sample(["rel-*", "sha-*7", "keep"], rng.randint(0, 2))),
        )
        repositories = ["app", "base", "cdk-assets"][: rng.randint(1, 3)]
        numbers = range(rng.randint(0, 25))
        self._taken: set[tuple[str, str]] = set()
        self.images = [self._image(rng, number, rng.choice(repositories), len(numbers)) for number in numbers]
        references = [self._reference(rng) for _ in range(rng.randint(0, 6))] if self.images else []
        self.uses = [reference for reference in references if rng.random() < 0.5]
        self.releases = [
            Release(f"workload {rng.randint(0, 1)}", order, reference)
            for order, reference in enumerate(references)
            if reference not in self.uses
        ]
        self.words = frozenset(
            tag for image in self.images for tag in image.tags if rng.random() < 0.1
        ) | frozenset(image.digest[7:] for image in self.images if rng.random() < 0.05)
        self.usage = Usage(
            uses=tuple(Use(reference, "something") for reference in self.uses),
            releases=tuple(self.releases),
            words=self.words,
        )
        self.bases = {image.digest: (self._reference(rng),) for image in self.images if rng.random() < 0.3}

    def _image(self, rng: random.Random, number: int, repository: str, count: int) -> Image:
        makers = [f"sha-{number}", f"{number:064x}", f"rel-{number}", f"by-hand-{number}"]
        makers += [f"cache-pr-{number}", "stable", f"sha256-{rng.randrange(count):064x}.sig"]
        weights = [12, 6, 1, 1, 1, 1, 1]
        tags = set(rng.choices(makers, weights, k=rng.choice([0, 1, 1, 1, 2])))
        # In one repository a tag belongs to one image.
        tags = {tag for tag in tags if (repository, tag) not in self._taken}
        self._taken.update((repository, tag) for tag in tags)
        others = [digest(other) for other in range(count) if other != number]
        return Image(
            repository=repository,
            digest=digest(number),
            pushed_at=NOW - timedelta(days=rng.uniform(0, 60)),
            tags=tuple(sorted(tags)),
            children=tuple(rng.sample(others, min(2, len(others)))) if rng.random() < 0.2 else (),
            subject=rng.choice(others) if others and rng.random() < 0.1 else None,
        )

    def _reference(self, rng: random.Random) -> ImageReference:
        image = rng.choice(self.images)
        tag = rng.choice(image.tags) if image.tags and rng.random() < 0.6 else None
        return ImageReference(
            image.repository, tag, image.digest if tag is None or rng.random() < 0.3 else None
        )

    def select(self, images: list[Image] | None = None) -> Selection:
        return select_images(
            self.images if images is None else images, self.usage, self.retention, now=NOW, bases=self.bases
        )

    def meant_by(self, reference: ImageReference) -> list[Image]:
        return [
            image
            for image in self.images
            if image.repository == reference.repository
            and (reference.tag in image.tags or reference.digest == image.digest)
        ]


WORLDS = st.integers(0, 2**64).map(World)
THOUSANDS = settings(max_examples=3000, deadline=None)


def gone(selection: Selection) -> set[tuple[str, str]]:
    return {image.key for image in selection.deleted}


@THOUSANDS
@given(WORLDS)
def test_nothing_in_use_protected_or_young_is_selected(world: World) -> None:
    deleted = gone(world.select())
    for reference in world.uses:
        assert not deleted & {image.key for image in world.meant_by(reference)}
    for image in world.images:
        if image.key in deleted:
            assert not {*image.tags, image.digest[7:]} & world.words
            assert not [tag for tag in image.tags if tag.startswith(("cache", "stable", "by-hand"))]
            assert not [tag for tag in image.tags if world.retention.protects(tag)]
            assert image.pushed_at <= NOW - timedelta(days=world.retention.min_age_days)
            assert image.tags or image.pushed_at <= NOW - timedelta(days=world.retention.untagged_days)


@THOUSANDS
@given(WORLDS)
def test_nothing_that_a_kept_image_needs_is_selected(world: World) -> None:
    deleted = gone(world.select())
    for image in world.images:
        if image.key in deleted:
            continue
        for child in image.children:
            assert (image.repository, child) not in deleted
        for other in world.images:
            if other.repository == image.repository and (
                other.subject == image.digest or f"sha256-{image.digest[7:]}.sig" in other.tags
            ):
                assert other.key not in deleted
        for base in world.bases.get(image.digest, ()):
            assert not deleted & {found.key for found in world.meant_by(base)}


@THOUSANDS
@given(WORLDS)
def test_the_newest_and_the_last_releases_stay(world: World) -> None:
    deleted = gone(world.select())
    for repository in {image.repository for image in world.images}:
        ours = [
            image
            for image in world.images
            if image.repository == repository and any(map(world.retention.is_content, image.tags))
        ]
        ours.sort(key=lambda image: image.pushed_at)
        assert not deleted & {image.key for image in ours[-world.retention.max_images :]}
    for workload in {release.workload for release in world.releases}:
        last = [release for release in world.releases if release.workload == workload]
        for release in last[-world.retention.rollback_window - 1 :]:
            assert not deleted & {image.key for image in world.meant_by(release.reference)}


@THOUSANDS
@given(WORLDS)
def test_everything_else_goes_and_nothing_twice(world: World) -> None:
    """Each image is either kept for a reason that holds, or deleted."""
    selection = world.select()
    assert len(gone(selection)) == len(selection.deleted)
    assert gone(selection) | selection.kept.keys() == {image.key for image in world.images}
    assert not gone(selection) & selection.kept.keys()
    for image in world.images:
        reason = selection.kept.get(image.key, "")
        if reason.startswith("tag "):
            assert any(
                world.retention.protects(tag) or tag.startswith(("rel-", "by-hand")) for tag in image.tags
            )
        elif reason.startswith("in use"):
            assert {*image.tags, image.digest[7:]} & world.words or any(
                image in world.meant_by(reference) for reference in world.uses
            )
        elif reason.startswith("part of"):
            assert any(
                image.digest in parent.children
                for parent in world.images
                if parent.repository == image.repository and parent.key in selection.kept
            )


@THOUSANDS
@given(WORLDS)
def test_a_second_run_selects_nothing_more(world: World) -> None:
    first = world.select()
    left = [image for image in world.images if image.key in first.kept]
    again = world.select(left)
    # One image fewer before the one in use, or among its attachments, keeps another: never fewer than before.
    assert again.deleted == ()


@THOUSANDS
@given(WORLDS)
def test_what_refers_goes_before_what_it_refers_to(world: World) -> None:
    places = {image.key: place for place, image in enumerate(world.select().deleted)}
    acyclic = {image.key for image in world.images if not _reaches_itself(world, image)}
    for image in world.images:
        for child in image.children:
            key = (image.repository, child)
            if key in places and image.key in places and image.key in acyclic and key in acyclic:
                assert places[image.key] < places[key]


def _reaches_itself(world: World, image: Image) -> bool:
    by_key = {other.key: other for other in world.images}
    seen: set[tuple[str, str]] = set()
    waiting = [image]
    while waiting:
        for child in waiting.pop().children:
            found = by_key.get((image.repository, child))
            if found is not None and found.key not in seen:
                seen.add(found.key)
                waiting.append(found)
    return image.key in seen
