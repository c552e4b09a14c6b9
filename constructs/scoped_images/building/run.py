"""Builds a plan in one bake, and once more what a failing image has stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from scoped_images.building.bake import Bake
from scoped_images.building.build_log import Failure
from scoped_images.building.plan import BuildPlan, Target
from scoped_images.errors import ScopedImagesError

# Each is a process of buildx. What runs at once is decided by BuildKit.
_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What became of a plan's targets.

    pushed: digests by tag. blocked: the failed base of each target that was not built because of it.
    """

    pushed: Mapping[str, str]
    failures: tuple[Failure, ...] = ()
    blocked: Mapping[str, str]


def build(
    plan: BuildPlan, bake: Bake, *, digests: Callable[[Iterable[Target]], Mapping[str, str]]
) -> BuildResult:
    """Build every target. A failing target stops only what is built from it.

    digests: asks the registry for the digests of those tags of targets that exist.
    """
    succeeded, log = bake.run(plan.targets, push=[target.name for target in plan.targets])
    pushed = digests(plan.targets)
    if succeeded:
        return _result(plan, {}, pushed)
    if not log.started:
        raise ScopedImagesError(f"docker buildx bake failed before it built anything: {log.message}")
    # A step that a target shares with its base is reported for either of them.
    without_base = {target.name for target in plan.targets if not target.bases}
    failures = {name: each for name, each in log.failures.items() if name in without_base}
    # Bake stops everything at the first failure. What is left is built again, each image in a bake of its own, which
    # stops nothing else. BuildKit shares the steps that they have in common.
    excluded = failures.keys() | plan.dependents_of(failures)
    left = [
        target for target in plan.targets if target.name not in excluded and not _is_pushed(target, pushed)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            found = list(pool.map(lambda target: _build_one(plan, bake, target), left))
        except BaseException:
            bake.stop()
            raise
    failures |= {failure.target: failure for failure in found if failure is not None}
    return _result(plan, failures, digests(plan.targets))


def _build_one(plan: BuildPlan, bake: Bake, target: Target) -> Failure | None:
    """Build one target with its bases, which other bakes push. Returns its failure, or one of its bases'."""
    succeeded, log = bake.run(plan.with_bases(target.name), push=[target.name])
    if succeeded:
        return None
    found = log.failures
    failure = found.get(target.name) or next(iter(found.values()), None)
    if failure is None:
        return Failure(target=target.name, step="build", error=log.message)
    return replace(failure, target=target.name)


def _result(plan: BuildPlan, failures: Mapping[str, Failure], pushed: Mapping[str, str]) -> BuildResult:
    """Say of each target whether it is pushed, has failed, or is built from one that has."""
    failed: dict[str, Failure] = {}
    blocked: dict[str, str] = {}
    # Bases first, so a base's failure is its own and not its dependents'.
    for target in plan.targets:
        name = target.name
        # Somebody else may have pushed the same content meanwhile: its tag names it.
        if _is_pushed(target, pushed):
            continue
        base = next((base for base in target.bases if base in failed or base in blocked), None)
        if base is not None:
            blocked[name] = blocked.get(base, base)
        else:
            missing = Failure(target=name, step="push", error="the tag is not in the registry")
            failed[name] = failures.get(name, missing)
    return BuildResult(pushed=pushed, failures=tuple(failed.values()), blocked=blocked)


def _is_pushed(target: Target, pushed: Mapping[str, str]) -> bool:
    return all(tag in pushed for tag in target.tags)
