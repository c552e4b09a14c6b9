"""What `scoped-images build` does."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Mapping, Sequence

from scoped_images.building.assembly import Assembly, Base, read_assembly
from scoped_images.building.bake import Bake
from scoped_images.building.docker_config import logged_in
from scoped_images.building.image_asset import Destination
from scoped_images.building.plan import BuildPlan, RegistryState, Target, plan, unbuilt_bases
from scoped_images.building.registries import MissingRepositories, Registries
from scoped_images.building.run import BuildResult, build
from scoped_images.command_line.aws_region import configured_region
from scoped_images.command_line.build_progress import build_progress
from scoped_images.command_line.build_report import BuildReport
from scoped_images.command_line.options import progress
from scoped_images.command_line.say import warn
from scoped_images.command_line.synth import deploy, find_assembly
from scoped_images.errors import ScopedImagesError

FAILED, DEPLOY_FIRST = 1, 3


def run_build(
    *,
    app: str | None,
    context: Sequence[str],
    output: str | None,
    builder: str | None,
    platform: str | None,
    deploy_first: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Build what is missing, print a report, and return the exit code."""
    with progress("Synthesizing"):
        folder = find_assembly(app, context=context, output=output)
        assembly = read_assembly(folder)
    registries = Registries(region=configured_region(), warn=warn)
    stacks: dict[str, str] = {}
    while True:
        found = _look_up(assembly, registries, platform)
        if isinstance(found, _Found):
            break
        if not deploy_first or found.keys() <= stacks.keys():
            BuildReport(deploy_first=found).show(as_json=as_json)
            return DEPLOY_FIRST
        stacks |= found
        deploy(folder, list(found))
    report = BuildReport(plan=found.plan)
    if found.plan.targets and not dry_run:
        result = _build(found, registries, builder)
        report = dataclasses.replace(report, result=result)
    report.show(as_json=as_json)
    return FAILED if report.failed else 0


@dataclasses.dataclass(frozen=True)
class _Found:
    states: Mapping[Destination, RegistryState]
    plan: BuildPlan


def _look_up(assembly: Assembly, registries: Registries, platform: str | None) -> _Found | dict[str, str]:
    """Return what is in the registry and what to build, or the stacks to deploy first, and why."""
    with progress("Asking ECR"):
        try:
            states = registries.states(
                destination
                for image in assembly.images
                if platform is None or image.platform == platform
                for destination in image.destinations
            )
        except MissingRepositories as missing:
            return _stacks_of(assembly, missing)
        planned = plan(assembly, states, platform=platform)
        bases = unbuilt_bases(assembly, planned, states)
        return _stacks_of_missing_bases(assembly, bases, registries) or _Found(states, planned)


def _build(found: _Found, registries: Registries, builder: str | None) -> BuildResult:
    docker = os.environ.get("CDK_DOCKER", "docker")

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


def _stacks_of(assembly: Assembly, missing: MissingRepositories) -> dict[str, str]:
    """Return why each stack must be deployed first."""
    reasons: dict[str, str] = {}
    for repository in sorted(set(missing.repositories.values()), key=dataclasses.astuple):
        stack = assembly.stack_of_repository(repository)
        if stack is None:
            raise ScopedImagesError(
                f"repository: {repository.name!r} does not exist in account {repository.account}, region "
                f"{repository.region}, and no stack of the app makes it there; run cdk bootstrap if it is CDK's own, or "
                "create it"
            )
        reasons[stack] = (
            f"{reasons[stack]}, {repository.name}" if stack in reasons else f"repository {repository.name}"
        )
    return reasons


def _stacks_of_missing_bases(
    assembly: Assembly, needed: Mapping[str, tuple[Base, Target]], registries: Registries
) -> dict[str, str]:
    """Return the stacks that build base images themselves, on AWS, and have not done so yet.

    The stacks that make the repositories of those images are there too, if the repositories do not exist.
    """
    destinations = {
        uri: dataclasses.replace(
            target.image.destinations[0],
            region=_region_of(uri) or target.image.destinations[0].region,
            repository=uri.partition("/")[2].rpartition(":")[0],
            tag=uri.rpartition(":")[2],
        )
        for uri, (_, target) in needed.items()
    }
    first: dict[str, str] = {}
    there = dict(destinations)
    try:
        states = registries.states(there.values())
    except MissingRepositories as missing:
        first = _stacks_of(assembly, missing)
        there = {uri: each for uri, each in destinations.items() if each not in missing.repositories}
        states = registries.states(there.values())
    for uri, (base, _) in needed.items():
        if uri not in there or states[there[uri]].digest is None:
            what = f"base image {uri}"
            first[base.stack] = f"{first[base.stack]}, {what}" if base.stack in first else what
    return first


def _region_of(uri: str) -> str | None:
    found = re.match(r"\d{12}\.dkr[.-]ecr(?:-fips)?\.([^./]+)\.", uri)
    return found[1] if found else None
