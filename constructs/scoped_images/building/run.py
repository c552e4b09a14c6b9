"""Builds a plan in one bake, and once more what a failing image has stopped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from scoped_images.building.build_log import BuildLog, Failure
from scoped_images.building.plan import BuildPlan, Target
from scoped_images.errors import ScopedImagesError

# Each is a process of buildx. What runs at once is decided by BuildKit.
_AT_ONCE = 8


class RunsBake(Protocol):
    """Runs bake: building/bake.py."""

    def run(self, targets: Sequence[Target], *, push: Collection[str]) -> tuple[bool, BuildLog]:
        """Build targets and push those named in `push`. Returns whether all succeeded, and the log."""

    def stop(self) -> None:
        """End every build that still runs."""


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What became of a plan's targets.

    pushed: digests by tag. blocked: the failed base of each target that was not built because of it.
    """

    pushed: Mapping[str, str]
    failures: tuple[Failure, ...] = ()
    blocked: Mapping[str, str]


def build(
    plan: BuildPlan, bake: RunsBake, *, digests: Callable[[Iterable[Target]], Mapping[str, str]]
) -> BuildResult:
    """Build every target. A failing target stops only what is built from it.

    digests: asks the registry for the digests of those tags of targets that exist.
    """
    try:
        return _build(plan, bake, digests)
    except BaseException:
        bake.stop()
        raise


def _build(
    plan: BuildPlan, bake: RunsBake, digests: Callable[[Iterable[Target]], Mapping[str, str]]
) -> BuildResult:
    every = [target.name for target in plan.targets]
    succeeded, log = bake.run(plan.targets, push=every)
    pushed = digests(plan.targets)
    if not succeeded and not log.started:
        raise ScopedImagesError(f"docker buildx bake failed before it built anything: {log.message}")
    failures = {name: failure for name, failure in log.failures.items() if not _is_pushed(plan, name, pushed)}
    if not succeeded:
        # Bake stops everything at the first failure. What is left is built again, each image in a bake of its own,
        # which stops nothing else. BuildKit shares the steps that they have in common.
        blocked = plan.dependents_of(failures)
        left = [
            target
            for target in plan.targets
            if target.name not in failures
            and target.name not in blocked
            and not _is_pushed(plan, target.name, pushed)
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for found in pool.map(lambda target: _build_one(plan, bake, target), left):
                    failures.update(found)
            except BaseException:
                bake.stop()
                raise
        pushed = digests(plan.targets)
    blocked = {
        name: base
        for name, base in plan.dependents_of(failures).items()
        if not _is_pushed(plan, name, pushed)
    }
    for name in every:
        if name not in failures and name not in blocked and not _is_pushed(plan, name, pushed):
            failures[name] = Failure(target=name, step="push", error="the tag is not in the registry")
    # Somebody else may have pushed the same content at the same time: its tag is there, and names it.
    return BuildResult(
        pushed=pushed,
        failures=tuple(
            failures[name] for name in every if name in failures and not _is_pushed(plan, name, pushed)
        ),
        blocked=blocked,
    )


def _build_one(plan: BuildPlan, bake: RunsBake, target: Target) -> dict[str, Failure]:
    """Build one target with its bases, which other bakes push. Returns what failed."""
    succeeded, log = bake.run(plan.with_bases(target.name), push=[target.name])
    if succeeded:
        return {}
    if log.failures:
        return log.failures
    return {target.name: Failure(target=target.name, step="build", error=log.message)}


def _is_pushed(plan: BuildPlan, name: str, pushed: Mapping[str, str]) -> bool:
    return all(tag in pushed for target in plan.targets if target.name == name for tag in target.tags)
