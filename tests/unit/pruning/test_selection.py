"""Each reason to stay, one at a time; test_selection_properties has them in thousands of mixtures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scoped_images.pruning.image import Image, ImageReference
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.selection import Selection, parents_first, select_images
from scoped_images.pruning.usage import Release, Usage, Use

NOW = datetime(2026, 11, 20, tzinfo=UTC)
RETENTION = Retention(
    max_images=1, min_age_days=7, untagged_days=14, rollback_window=1, content_tags=("sha-*",)
)


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(number: int, *tags: str, days: float = 100, repository: str = "app", **more: Any) -> Image:
    return Image(
        repository=repository, digest=digest(number), tags=tags, pushed_at=NOW - timedelta(days=days), **more
    )


# In every test the newest image of `app`, so that nothing else is kept for being that.
NEWEST = image(99, "sha-99", days=30)


def select(*images: Image, usage: Usage | None = None, **options: Any) -> Selection:
    return select_images([*images, NEWEST], usage or Usage(), RETENTION, now=NOW, **options)


def why(selection: Selection, number: int) -> str | None:
    return selection.kept.get(("app", digest(number)))


def test_an_old_image_that_nothing_uses_goes() -> None:
    selection = select(image(1, "sha-1"))
    assert [gone.digest for gone in selection.deleted] == [digest(1)]
    assert why(selection, 99) == "among the newest 1"


def test_a_young_image_stays() -> None:
    selection = select(image(1, "sha-1", days=6), image(2, "sha-2", days=8))
    assert why(selection, 1) == "younger than 7 days"


def test_an_image_stays_for_less_than_its_days() -> None:
    newest, restored = image(98, "sha-98", days=6), image(3, "sha-3", restored_at=NOW - timedelta(days=7))
    images = [newest, image(1, "sha-1", days=7), image(2, days=14), restored]
    selection = select_images(images, Usage(), RETENTION, now=NOW)
    assert {gone.digest for gone in selection.deleted} == {digest(1), digest(2), digest(3)}


def test_an_untagged_image_stays_longer() -> None:
    selection = select(image(1, days=13), image(2, days=15))
    assert why(selection, 1) == "untagged for less than 14 days"
    assert why(selection, 2) is None


def test_a_tag_that_no_build_made_keeps_its_image() -> None:
    assert why(select(image(1, "sha-1", "v1")), 1) == "tag v1 was not made from content"


def test_one_protected_tag_of_two_keeps_the_image() -> None:
    assert why(select(image(1, "sha-1", "stable")), 1) == "tag stable is protected"
    assert why(select(image(1, "cache-pr-1-linux-arm64")), 1) == "tag cache-pr-1-linux-arm64 is protected"


def test_what_a_version_runs_stays_by_tag_and_by_digest() -> None:
    uses = (
        Use(ImageReference("app", "sha-1"), "lambda f:1"),
        Use(ImageReference("app", None, digest(2)), "lambda f:2"),
    )
    selection = select(image(1, "sha-1", days=90), image(2, "sha-2", days=95), usage=Usage(uses=uses))
    assert why(selection, 1) == "in use by lambda f:1"
    assert why(selection, 2) == "in use by lambda f:2"


def test_a_namesake_in_another_repository_keeps_nothing() -> None:
    usage = Usage(uses=(Use(ImageReference("other", "sha-1", digest(1)), "lambda f:1"),))
    assert why(select(image(1, "sha-1"), usage=usage), 1) is None


def test_a_word_of_a_template_keeps_tag_and_digest() -> None:
    usage = Usage(words=frozenset({"sha-1", f"{2:064x}"}))
    selection = select(image(1, "sha-1"), image(2, "sha-2"), image(3, "sha-3"), usage=usage)
    assert why(selection, 1) == why(selection, 2) == "in use by a CloudFormation stack"
    assert why(selection, 3) is None


def test_the_last_releases_of_a_workload_stay() -> None:
    releases = tuple(Release("ecs family api", n, ImageReference("app", f"sha-{n}")) for n in (1, 2, 3))
    selection = select(*(image(n, f"sha-{n}") for n in (1, 2, 3)), usage=Usage(releases=releases))
    assert [why(selection, n) is not None for n in (1, 2, 3)] == [False, True, True]


def test_what_was_pushed_just_before_an_image_in_use_stays() -> None:
    usage = Usage(uses=(Use(ImageReference("app", "sha-3"), "lambda f:$LATEST"),))
    images = [image(n, f"sha-{n}", days=100 - n) for n in (1, 2, 3)]
    selection = select(*images, usage=usage)
    assert why(selection, 2) == "pushed just before an image in use"
    assert why(selection, 1) is None


def test_children_and_attachments_of_what_stays_stay() -> None:
    index = image(1, "v1", children=(digest(2),))
    signature = image(4, subject=digest(2))
    cosign = image(5, f"sha256-{2:064x}.sig")
    selection = select(index, image(2), image(3), signature, cosign)
    assert why(selection, 2) == "part of index v1"
    assert why(selection, 4) == f"attached to {digest(2)[:19]}"
    assert why(selection, 5) == f"attached to {digest(2)[:19]}"
    assert why(selection, 3) is None


def test_attachments_of_what_goes_go_with_it() -> None:
    selection = select(image(1, "sha-1"), image(4, subject=digest(1)), image(5, f"sha256-{1:064x}.sig"))
    assert {gone.digest for gone in selection.deleted} == {digest(1), digest(4), digest(5)}


def test_the_base_of_what_stays_stays_and_so_does_its_base() -> None:
    bases = {
        digest(99): (ImageReference("app", "sha-2"),),
        digest(2): (ImageReference("app", None, digest(1)),),
    }
    selection = select(image(1, "sha-1"), image(2, "sha-2"), image(3, "sha-3"), bases=bases)
    assert why(selection, 2) == "base of app:sha-99"
    assert why(selection, 1) == "base of app:sha-2"
    assert why(selection, 3) is None


def test_an_index_goes_before_its_children() -> None:
    """ECR refuses to delete what an index references."""
    selection = select(image(1, days=300), image(2, "sha-2", days=200, children=(digest(1),)))
    assert [gone.digest for gone in selection.deleted] == [digest(2), digest(1)]


def test_an_index_goes_before_children_that_were_pushed_again_later() -> None:
    index, child = image(1, "sha-1", days=300, children=(digest(2),)), image(2, "sha-2", days=200)
    assert parents_first([index, child]) == parents_first([child, index]) == [index, child]


def test_two_indexes_that_name_each_other_go_in_some_order() -> None:
    """No two digests can, and a registry that says so must not end the run."""
    one, other = image(1, children=(digest(2),)), image(2, days=200, children=(digest(1),))
    assert {gone.digest for gone in parents_first([one, other])} == {digest(1), digest(2)}


def test_the_newest_are_counted_in_each_repository() -> None:
    selection = select(image(1, "sha-1", repository="other"))
    assert selection.kept["other", digest(1)] == "among the newest 1"


def test_namesakes_elsewhere_do_not_push_releases_out() -> None:
    """The same family in two regions, at other revisions, is two workloads."""
    releases = [
        Release(f"ecs family job in {region}", order, ImageReference("app", f"sha-{number}"))
        for region, order, number in (("eu", 100, 1), ("eu", 101, 2), ("us", 1, 3), ("us", 2, 4))
    ]
    images = [image(number, f"sha-{number}", days=90 + number) for number in (1, 2, 3, 4)]
    assert select(*images, usage=Usage(releases=tuple(releases))).deleted == ()


def test_a_tag_that_a_template_puts_together_stays() -> None:
    selection = select(image(1, "sha-0123abc", days=90), usage=Usage(words=frozenset({"sha-", "0123abc"})))
    assert why(selection, 1) == "in use by a CloudFormation stack"


def test_a_tag_with_a_suffix_for_late_values_is_put_together_too() -> None:
    late = f"{'0a' * 16}-{'1b' * 8}"
    selection = select(image(1, f"sha-{late}", days=90), usage=Usage(words=frozenset({"sha-", late})))
    assert why(selection, 1) == "in use by a CloudFormation stack"


def test_an_empty_word_keeps_no_tag_without_a_dash() -> None:
    selection = select(image(1, "0a" * 32), usage=Usage(words=frozenset({""})))
    assert why(selection, 1) is None


def test_the_index_of_a_platform_image_in_use_stays() -> None:
    index = image(1, "sha-1", days=90, children=(digest(2),))
    uses = (Use(ImageReference("app", None, digest(2)), "ecs task t"),)
    selection = select(index, image(2, days=90), usage=Usage(uses=uses))
    assert why(selection, 1) == "index of an image in use by ecs task t"


def test_a_signature_in_a_repository_of_its_own_stays_with_its_image() -> None:
    uses = (Use(ImageReference("app", "sha-1"), "lambda f:1"),)
    signature = image(7, f"sha256-{1:064x}.sig", days=90, repository="signatures")
    selection = select(image(1, "sha-1", days=90), signature, usage=Usage(uses=uses))
    assert signature.key in selection.kept


def test_a_signature_of_an_image_in_an_unknown_repository_stays() -> None:
    signature = image(7, f"sha256-{1:064x}.sig", days=90, repository="signatures")
    assert select(signature).kept[signature.key] == (
        f"attached to {digest(1)[:19]}, which is in no repository of this pruner"
    )


def build_of_two_platforms(number: int, *, days: float) -> list[Image]:
    """The images of two platforms and the index over them, as a deploy pushes them, which names each by its content."""
    arm, amd = (image(n, f"sha-{n}", days=days) for n in (number + 1, number + 2))
    index = image(number, f"sha-{number}", days=days - 0.1, children=(arm.digest, amd.digest))
    return [arm, amd, index]


def test_an_index_and_its_platforms_images_are_one_of_the_newest() -> None:
    builds = [build_of_two_platforms(10, days=20), build_of_two_platforms(20, days=10)]
    retention = replace(RETENTION, max_images=2, min_age_days=1)
    images = [*builds[0], *builds[1], image(1, "sha-1", days=30)]
    selection = select_images(images, Usage(), retention, now=NOW)
    assert selection.kept.keys() == {each.key for build in builds for each in build}
    assert [gone.digest for gone in selection.deleted] == [digest(1)]


def test_an_index_and_its_children_with_one_timestamp_are_one_of_the_newest() -> None:
    """A registry's clock may count whole seconds. The digests of the children sort after the index's and before it."""
    index = image(20, "sha-20", days=10, children=(digest(10), digest(30)))
    parts = [image(10, "sha-10", days=10), image(30, "sha-30", days=10)]
    before = image(1, "sha-1", days=20)
    retention = replace(RETENTION, max_images=2, min_age_days=1)
    selection = select_images([before, *parts, index], Usage(), retention, now=NOW)
    assert selection.deleted == ()


def test_an_index_over_an_index_with_one_timestamp_is_one_of_the_newest() -> None:
    """The digest of the leaf sorts after that of the index over everything."""
    leaf, middle = image(30, "sha-30", days=10), image(20, "sha-20", days=10, children=(digest(30),))
    top = image(10, "sha-10", days=10, children=(middle.digest,))
    retention = replace(RETENTION, min_age_days=1)
    selection = select_images([leaf, middle, top], Usage(), retention, now=NOW)
    assert {key: reason for (_, key), reason in selection.kept.items()} == dict.fromkeys(
        (digest(10), digest(20), digest(30)), "among the newest 1"
    )


def test_a_tag_and_a_digest_of_different_images_keep_both() -> None:
    """The tag has moved since; whichever is meant stays."""
    usage = Usage(uses=(Use(ImageReference("app", "sha-1", digest(2)), "ecs task t"),))
    selection = select(image(1, "sha-1", days=90), image(2, "sha-2", days=95), usage=usage)
    assert why(selection, 1) == why(selection, 2) == "in use by ecs task t"


def test_where_a_function_runs_one_platform_s_image_the_whole_build_before_it_stays() -> None:
    builds = [build_of_two_platforms(10 * n, days=90 - 10 * n) for n in (1, 2, 3)]
    usage = Usage(uses=(Use(ImageReference("app", None, digest(32)), "lambda f:1"),))
    selection = select(*builds[0], *builds[1], *builds[2], usage=usage)
    assert why(selection, 30) == "index of an image in use by lambda f:1"
    assert why(selection, 31) is not None
    assert {why(selection, n) for n in (20, 21, 22)} == {"pushed just before an image in use"}
    assert {gone.digest for gone in selection.deleted} == {each.digest for each in builds[0]}


def test_where_a_task_runs_an_index_the_images_of_every_platform_stay() -> None:
    build = build_of_two_platforms(10, days=90)
    usage = Usage(uses=(Use(ImageReference("app", None, digest(10)), "ecs task t"),))
    assert select(*build, usage=usage).deleted == ()
