"""What holds for every registry, workload and setting."""

from __future__ import annotations

import os
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class World:
    """A registry with what runs from it."""

    retention: Retention
    images: list[Image]
    uses: list[ImageReference]
    releases: list[Release]
    words: frozenset[str]
    bases: dict[str, tuple[ImageReference, ...]]

    def select(self, images: list[Image] | None = None) -> Selection:
        usage = Usage(
            uses=tuple(Use(reference, "something") for reference in self.uses),
            releases=tuple(self.releases),
            words=self.words,
        )
        return select_images(
            self.images if images is None else images, usage, self.retention, now=NOW, bases=self.bases
        )

    def meant_by(self, reference: ImageReference) -> list[Image]:
        return [
            image
            for image in self.images
            if image.repository == reference.repository
            and (reference.tag in image.tags or reference.digest == image.digest)
        ]


@st.composite
def retentions(draw: st.DrawFn) -> Retention:
    return Retention(
        max_images=draw(st.integers(1, 4)),
        untagged_days=draw(st.integers(1, 20)),
        min_age_days=draw(st.integers(1, 20)),
        rollback_window=draw(st.integers(1, 3)),
        protect=tuple(draw(st.lists(st.sampled_from(["rel-*", "sha-*7", "keep"]), unique=True, max_size=2))),
    )


@st.composite
def images_of(draw: st.DrawFn, number: int, count: int, taken: set[tuple[str, str]]) -> Image:
    repository = draw(st.sampled_from(["app", "base", "cdk-assets"]))
    ours = [f"sha-{number:032x}", f"{number:064x}"]
    others = [f"rel-{number}", f"by-hand-{number}", f"cache-pr-{number}", "stable"]
    others.append(f"sha256-{draw(st.integers(0, count - 1)):064x}.sig")
    chosen = draw(st.lists(st.sampled_from([*ours * 4, *others]), unique=True, max_size=2))
    # In one repository a tag belongs to one image.
    tags = [tag for tag in chosen if (repository, tag) not in taken]
    taken.update((repository, tag) for tag in tags)
    numbers = [other for other in range(count) if other != number]
    some = st.sampled_from(numbers).map(digest) if numbers else st.nothing()
    is_index = numbers and not draw(st.integers(0, 4))
    return Image(
        repository=repository,
        digest=digest(number),
        # Whole days, so that some have one timestamp.
        pushed_at=NOW - timedelta(days=draw(st.integers(0, 60))),
        tags=tuple(sorted(tags)),
        children=tuple(draw(st.lists(some, unique=True, max_size=2))) if is_index else (),
        subject=draw(some) if numbers and not draw(st.integers(0, 9)) else None,
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    taken: set[tuple[str, str]] = set()
    count = draw(st.integers(0, 12))
    images = [draw(images_of(number, count, taken)) for number in range(count)]

    def reference() -> ImageReference:
        image = draw(st.sampled_from(images))
        tag = draw(st.none() | st.sampled_from(image.tags)) if image.tags else None
        by_digest = tag is None or draw(st.booleans())
        return ImageReference(image.repository, tag, image.digest if by_digest else None)

    few = st.integers(0, 3 if images else 0)
    names = [name for image in images for name in (*image.tags, image.digest[7:])]
    return World(
        retention=draw(retentions()),
        images=images,
        uses=[reference() for _ in range(draw(few))],
        releases=[
            Release(f"workload {draw(st.integers(0, 1))}", order, reference()) for order in range(draw(few))
        ],
        words=frozenset(draw(st.lists(st.sampled_from(names), max_size=2)) if names else []),
        bases={draw(st.sampled_from(images)).digest: (reference(),) for _ in range(draw(few))},
    )


WORLDS = worlds()
THOUSANDS = settings(max_examples=int(os.environ.get("SCOPED_IMAGES_WORLDS", "40")), deadline=None)


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
        stay = [image for image in ours if image.key not in deleted]
        for image in ours:
            # Images that were pushed at one time are equally new: an index and its children often are.
            as_new = [other for other in stay if other.pushed_at >= image.pushed_at]
            assert image.key not in deleted or len(as_new) >= world.retention.max_images
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
@given(WORLDS, st.integers(0, 20))
def test_a_run_after_one_that_was_interrupted_removes_nothing_that_the_first_kept(
    world: World, done: int
) -> None:
    """Two runs at once are such runs too: each sees some of what the other has deleted."""
    first = world.select()
    left = [image for image in world.images if image not in first.deleted[:done]]
    assert gone(world.select(left)) <= gone(first)


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
