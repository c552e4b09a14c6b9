"""What `scoped-images build` does."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scoped_images.building.assembly import Assembly, Base, read_assembly
from scoped_images.building.bake import Bake
from scoped_images.building.docker_config import logged_in
from scoped_images.building.image_asset import Destination
from scoped_images.building.plan import BuildPlan, RegistryState, Target, plan, unbuilt_bases
from scoped_images.building.registries import MissingRepositories, Registries
from scoped_images.building.run import BuildResult, build
from scoped_images.command_line.aws_region import configured_region
from scoped_images.command_line.build_progress import build_progress
from scoped_images.command_line.build_report import NOTHING, BuildReport
from scoped_images.command_line.options import progress
from scoped_images.command_line.say import warn
from scoped_images.command_line.synth import deploy
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.ecr.hosts import RegistryHost
from scoped_images.errors import ScopedImagesError

FAILED, DEPLOY_FIRST = 1, 3


def run_build(
    folder: Path,
    *,
    builder: str | None,
    platform: str | None,
    deploy_first: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Build what the cloud assembly in `folder` lacks, print a report, and return the exit code."""
    assembly = read_assembly(folder)
    registries = Registries(region=configured_region(), warn=warn)
    deployed: set[str] = set()
    while True:
        found = _look_up(assembly, registries, platform, plan_all=dry_run)
        if not found.deploy_first:
            break
        if not deploy_first or found.deploy_first.keys() <= deployed:
            BuildReport(plan=found.plan, deploy_first=found.deploy_first).show(as_json=as_json)
            return DEPLOY_FIRST
        deployed |= found.deploy_first.keys()
        deploy(folder, list(found.deploy_first))
    result = _build(found, registries, builder) if found.plan.targets and not dry_run else None
    report = BuildReport(plan=found.plan, result=result)
    report.show(as_json=as_json)
    return FAILED if report.failed else 0


@dataclasses.dataclass(frozen=True)
class _Found:
    """What is in the registry, and what to build, or what each stack must make before.

    deploy_first: such as `repository api`, by stack.
    """

    states: Mapping[Destination, RegistryState] = dataclasses.field(default_factory=dict)
    plan: BuildPlan = NOTHING
    deploy_first: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)


def _look_up(assembly: Assembly, registries: Registries, platform: str | None, *, plan_all: bool) -> _Found:
    """Look up what is in the registry.

    plan_all: plan also what cannot be built before stacks are deployed.
    """
    destinations = [
        destination
        for image in assembly.images
        if platform is None or image.platform == platform
        for destination in image.destinations
    ]
    first: dict[str, list[str]] = {}
    with progress("Asking ECR"):
        try:
            states = registries.states(destinations)
        except MissingRepositories as missing:
            _add_stacks_of(missing, assembly, first)
            if not plan_all:
                return _Found(deploy_first=first)
            there = [each for each in destinations if each not in missing.repositories]
            states = {**registries.states(there), **_states_of_missing(missing)}
        planned = plan(assembly, states, platform=platform)
        bases = unbuilt_bases(assembly, planned, states)
        _add_stacks_of_missing_bases(bases, assembly, registries, first)
    return _Found(states, planned if plan_all or not first else NOTHING, first)


def _states_of_missing(missing: MissingRepositories) -> dict[Destination, RegistryState]:
    """Return where images will be once their repositories exist."""
    return {
        destination: RegistryState(
            uri=RepositoryAddress(**dataclasses.asdict(repository)).tagged(destination.tag), digest=None
        )
        for destination, repository in missing.repositories.items()
    }


def _build(found: _Found, registries: Registries, builder: str | None) -> BuildResult:
    docker = os.environ.get("CDK_DOCKER") or "docker"

    def digests(targets: Iterable[Target]) -> dict[str, str]:
        destinations = [destination for target in targets for destination in target.image.destinations]
        pushed = registries.states(destinations).values()
        return {each.uri: each.digest for each in pushed if each.digest is not None}

    needed = {
        destination: found.states[destination]
        for target in found.plan.targets
        for destination in target.image.destinations
    }
    with (
        logged_in(registries.logins(needed), docker=docker, environment=os.environ) as environment,
        build_progress(found.plan) as on_step,
    ):
        bake = Bake(docker=docker, environment=environment, builder=builder, on_step=on_step)
        return build(found.plan, bake, digests=digests)


def _add_stacks_of(missing: MissingRepositories, assembly: Assembly, first: dict[str, list[str]]) -> None:
    """Add the stacks that make the repositories to `first`."""
    for repository in sorted(set(missing.repositories.values()), key=dataclasses.astuple):
        stack = assembly.stack_of_repository(repository)
        if stack is None:
            raise ScopedImagesError(
                f"repository: {repository.name!r} does not exist in account {repository.account}, region "
                f"{repository.region}, and no stack of the app makes it there; run cdk bootstrap if it is CDK's own, or "
                "create it"
            )
        made = first.setdefault(stack, [])
        if (text := f"repository {repository.name}") not in made:
            made.append(text)


def _add_stacks_of_missing_bases(
    needed: Mapping[str, tuple[Base, Target]],
    assembly: Assembly,
    registries: Registries,
    first: dict[str, list[str]],
) -> None:
    """Add the stacks to `first` that build base images themselves, on AWS, and have not done so yet.

    The stacks that make the repositories of those images are added too, if the repositories do not exist.
    """
    there = {
        uri: dataclasses.replace(
            target.image.destinations[0],
            region=host.region if host else target.image.destinations[0].region,
            repository=uri.partition("/")[2].rpartition(":")[0],
            tag=uri.rpartition(":")[2],
        )
        for uri, (_, target) in needed.items()
        for host in (RegistryHost.parse(uri.partition("/")[0]),)
    }
    try:
        states = registries.states(there.values())
    except MissingRepositories as missing:
        _add_stacks_of(missing, assembly, first)
        there = {uri: each for uri, each in there.items() if each not in missing.repositories}
        states = registries.states(there.values())
    for uri, (base, _) in needed.items():
        if uri not in there or states[there[uri]].digest is None:
            first.setdefault(base.stack, []).append(f"base image {uri}")
