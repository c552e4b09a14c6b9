"""What becomes of a plan when images fail, with a bake that fails as the real one does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from scoped_images.building.bake import Bake
from scoped_images.building.build_log import BuildLog
from scoped_images.building.image_asset import ImageAsset
from scoped_images.building.plan import BuildPlan, Target
from scoped_images.building.run import build
from tests.refusals import refused
from tests.unit.building.test_build_log import vertex


def target(name: str, base: str | None = None) -> Target:
    """A target, built from another one."""
    image = ImageAsset(name=name, stack="s", destinations=())
    return Target(
        name=name, image=image, tags=(f"r/{name}:t",), contexts={"b": f"target:{base}"} if base else {}
    )


@dataclass
class FakeBake(Bake):
    """A registry, and a bake that stops everything at the first failure, as the real one does.

    broken: the targets that fail. pushed_before: what is pushed before the first bake is stopped.
    elsewhere: targets that somebody else pushes meanwhile, so that the push fails.
    """

    broken: set[str] = field(default_factory=set)
    pushed_before: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    registry: set[str] = field(default_factory=set)
    runs: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    stopped: bool = False

    def run(self, targets: Sequence[Target], *, push: Collection[str]) -> tuple[bool, BuildLog]:
        """Build."""
        first = not self.runs
        self.runs.append((tuple(each.name for each in targets), tuple(push)))
        log = BuildLog([each.name for each in targets])
        failed = [each.name for each in targets if each.name in self.broken | self.elsewhere]
        for number, name in enumerate(failed[:1]):
            log.add(vertex(f"[{name} 1/2] RUN exit 3", digest=str(number), started="1", error="exit code: 3"))
        self.registry |= self.elsewhere
        self.registry |= self.pushed_before & set(push) if failed and first else set()
        self.registry |= set() if failed else set(push)
        return not failed, log

    def stop(self) -> None:
        """Note it."""
        self.stopped = True

    def digests(self, targets: Iterable[Target]) -> dict[str, str]:
        """What the registry has."""
        return {tag: "sha256:1" for each in targets if each.name in self.registry for tag in each.tags}


def test_everything_is_built_in_one_bake() -> None:
    bake = FakeBake()
    result = build(BuildPlan(targets=(target("a"), target("b", "a"))), bake, digests=bake.digests)
    assert bake.runs == [(("a", "b"), ("a", "b"))]
    assert result.pushed == {"r/a:t": "sha256:1", "r/b:t": "sha256:1"}
    assert (result.failures, result.blocked) == ((), {})


def test_one_failing_image_lets_the_eleven_others_finish() -> None:
    bake = FakeBake(broken={"i7"}, pushed_before={"i0", "i1"})
    plan = BuildPlan(targets=tuple(target(f"i{number}") for number in range(12)))
    result = build(plan, bake, digests=bake.digests)
    assert [failure.target for failure in result.failures] == ["i7"]
    assert len(result.pushed) == 11
    # What is pushed is not built again, nor what failed.
    assert sorted(push for _, push in bake.runs[1:]) == [
        (f"i{number}",) for number in (10, 11, 2, 3, 4, 5, 6, 8, 9)
    ]


def test_what_is_built_from_a_failing_base_is_not_built_and_says_so() -> None:
    bake = FakeBake(broken={"base"})
    plan = BuildPlan(targets=(target("base"), target("mid", "base"), target("top", "mid"), target("other")))
    result = build(plan, bake, digests=bake.digests)
    assert [failure.target for failure in result.failures] == ["base"]
    assert result.blocked == {"mid": "base", "top": "base"}
    assert result.pushed == {"r/other:t": "sha256:1"}


def test_a_base_s_failure_is_not_its_dependents_though_the_step_has_their_name() -> None:
    """BuildKit runs a shared step once, under the name of one of the targets that share it."""

    class SharedStep(FakeBake):
        def run(self, targets: Sequence[Target], *, push: Collection[str]) -> tuple[bool, BuildLog]:
            self.runs.append((tuple(each.name for each in targets), tuple(push)))
            log = BuildLog([each.name for each in targets])
            log.add(vertex(f"[{targets[-1].name} 1/2] RUN exit 3", started="1", error="exit code: 3"))
            return False, log

    bake = SharedStep()
    plan = BuildPlan(targets=(target("base"), target("mid", "base"), target("top", "mid")))
    result = build(plan, bake, digests=bake.digests)
    assert [(failure.target, failure.step) for failure in result.failures] == [("base", "RUN exit 3")]
    assert result.blocked == {"mid": "base", "top": "base"}


def test_a_second_failure_is_found_when_the_rest_is_built() -> None:
    bake = FakeBake(broken={"a", "c"})
    plan = BuildPlan(targets=(target("a"), target("b"), target("c"), target("d", "c")))
    result = build(plan, bake, digests=bake.digests)
    assert [failure.target for failure in result.failures] == ["a", "c"]
    assert result.blocked == {"d": "c"}
    assert result.pushed == {"r/b:t": "sha256:1"}


def test_the_rest_is_built_with_its_bases_which_only_their_own_bake_pushes() -> None:
    bake = FakeBake(broken={"bad"})
    plan = BuildPlan(targets=(target("base"), target("top", "base"), target("bad")))
    build(plan, bake, digests=bake.digests)
    assert sorted(bake.runs[1:]) == [(("base",), ("base",)), (("base", "top"), ("top",))]


def test_a_tag_that_somebody_else_pushed_meanwhile_is_a_success() -> None:
    bake = FakeBake(elsewhere={"a"})
    result = build(BuildPlan(targets=(target("a"), target("b"))), bake, digests=bake.digests)
    assert result.failures == ()
    assert set(result.pushed) == {"r/a:t", "r/b:t"}


def test_an_image_that_is_not_in_the_registry_afterwards_has_failed() -> None:
    bake = FakeBake()
    result = build(BuildPlan(targets=(target("a"),)), bake, digests=lambda _: {})
    assert [(failure.step, failure.error) for failure in result.failures] == [
        ("push", "the tag is not in the registry")
    ]


def test_a_docker_that_cannot_build_at_all_is_an_error() -> None:
    class NoBuilder(FakeBake):
        def run(self, targets: Sequence[Target], *, push: Collection[str]) -> tuple[bool, BuildLog]:  # noqa: ARG002
            log = BuildLog([each.name for each in targets])
            log.add('ERROR: no builder "b" found')
            return False, log

    bake = NoBuilder()
    with refused('docker buildx bake failed before it built anything: ERROR: no builder "b" found'):
        build(BuildPlan(targets=(target("a"),)), bake, digests=bake.digests)


def test_when_the_build_of_one_image_is_interrupted_the_others_are_stopped() -> None:
    class Interrupted(FakeBake):
        def run(self, targets: Sequence[Target], *, push: Collection[str]) -> tuple[bool, BuildLog]:
            if self.runs:
                raise KeyboardInterrupt
            return super().run(targets, push=push)

    bake = Interrupted(broken={"a"})
    with pytest.raises(KeyboardInterrupt):
        build(BuildPlan(targets=(target("a"), target("b"))), bake, digests=bake.digests)
    assert bake.stopped
