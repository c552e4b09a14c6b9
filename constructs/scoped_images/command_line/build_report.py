"""Prints what `scoped-images build` has done or would do."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scoped_images.building.bake_file import bake_file
from scoped_images.building.build_log import Failure
from scoped_images.building.plan import BuildPlan, Target
from scoped_images.building.run import BuildResult
from scoped_images.command_line.say import say, say_json

NOTHING = BuildPlan(targets=())


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What was planned, and what came of it.

    result: None for a dry run, and if there was nothing to build.
    deploy_first: what each stack must make before images can be built, such as `repository api`.
    """

    plan: BuildPlan = NOTHING
    result: BuildResult | None = None
    deploy_first: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether an image could not be built."""
        return self.result is not None and bool(self.result.failures or self.result.blocked)

    def show(self, *, as_json: bool) -> None:
        """Print JSON, or lines for people."""
        if as_json:
            say_json(self.to_json())
            return
        if self.plan.targets or not self.deploy_first:
            self._show_images()
        for stack, made in self.deploy_first.items():
            say(f"{stack} must be deployed first: it makes {', '.join(made)}", file=sys.stderr)
        if self.deploy_first:
            say(f"Deploy first: cdk deploy {' '.join(self.deploy_first)}", file=sys.stderr)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data. `bake` is the file that `docker buildx bake` takes, with the same targets."""
        result = self.result or BuildResult(pushed={}, blocked={})
        stopped = {failure.target for failure in result.failures} | result.blocked.keys()
        return {
            "deploy_first": list(self.deploy_first),
            "build": [
                {**_identity(target), "tags": list(target.tags), "bases": list(target.bases)}
                for target in self.plan.targets
            ],
            "pushed": {
                tag: result.pushed[tag]
                for target in self.plan.targets
                if target.name not in stopped
                for tag in target.tags
                if tag in result.pushed
            },
            "failed": [
                {
                    **_identity(self._target_of(failure.target)),
                    "step": failure.step,
                    "error": failure.error,
                    "log": list(failure.log),
                }
                for failure in result.failures
            ],
            "not_built": [
                {**_identity(self._target_of(name)), "base": base} for name, base in result.blocked.items()
            ],
            "present": [image.name for image in self.plan.present],
            "left_to_cdk": [
                {"image": each.name, "stack": each.stack, "platform": each.platform, "why": each.why}
                for each in self.plan.skipped
            ],
            "bake": bake_file(self.plan.targets, push=[target.name for target in self.plan.targets]),
        }

    def _show_images(self) -> None:
        failures = {failure.target: failure for failure in self.result.failures} if self.result else {}
        blocked = self.result.blocked if self.result else {}
        done = "built" if self.result else "to build"
        for target in self.plan.targets:
            if target.name not in failures and target.name not in blocked:
                say(f"{done}: {self._name(target.name)}: {', '.join(target.tags)}")
        for name, base in blocked.items():
            say(
                f"not built: {self._name(name)}: its base {self._name(base)} failed",
                file=sys.stderr,
            )
        for failure in failures.values():
            self._show_failure(failure)
        # Once for an image that several stacks share.
        for line in dict.fromkeys(f"{each.name}: {each.why}" for each in self.plan.skipped):
            say(f"left to cdk deploy: {line}")
        count = len(self.plan.targets) - len(failures) - len(blocked)
        say(
            f"{count} {'image' if count == 1 else 'images'} {done}, {len(failures)} failed, {len(blocked)} not built, "
            f"{len(self.plan.present)} in the registry already."
        )

    def _show_failure(self, failure: Failure) -> None:
        say(f"failed: {self._name(failure.target)}: {failure.step}", file=sys.stderr)
        for line in failure.log:
            say(f"    {line}", file=sys.stderr)
        say(f"  {failure.error}", file=sys.stderr)

    def _name(self, target: str) -> str:
        """Return the image's name, with its platform if there is another image of that name."""
        image = self._target_of(target).image
        namesakes = [each for each in self.plan.targets if each.image.name == image.name]
        return f"{image.name} for {image.platform}" if len(namesakes) > 1 else image.name

    def _target_of(self, name: str) -> Target:
        return next(target for target in self.plan.targets if target.name == name)


def _identity(target: Target) -> dict[str, Any]:
    return {
        "target": target.name,
        "image": target.image.name,
        "stack": target.image.stack,
        "platform": target.image.platform,
    }
