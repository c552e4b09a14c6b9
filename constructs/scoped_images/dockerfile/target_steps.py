"""What building one target costs: whether its steps are worth a cache, and which of them download its base image."""

from __future__ import annotations

from dataclasses import dataclass

from scoped_images.dockerfile.copy_sources import is_remote
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.dockerfile.target_reading import needed_stages


@dataclass(frozen=True, kw_only=True)
class TargetSteps:
    """The instructions of one target.

    every: of all stages that it needs.
    own: of the target and of the stages that it is built FROM, which become its layers.
    """

    every: tuple[Instruction, ...]
    own: tuple[Instruction, ...]

    @classmethod
    def read(cls, parsed: ParsedDockerfile, options: TargetOptions) -> TargetSteps:
        """Find the instructions of a target; raises ScopedImagesError."""
        stages = {stage.index: stage for stage in needed_stages(parsed, options)}
        target = chain = stages[max(stages)]
        own = [target.steps]
        while chain.context is None and chain.parent is not None:
            chain = stages[chain.parent]
            own.append(chain.steps)
        return cls(
            every=tuple(step for stage in stages.values() for step in stage.steps),
            own=tuple(step for steps in reversed(own) for step in steps),
        )

    @property
    def worth_caching(self) -> bool:
        """Whether a step takes longer than reading its result from a registry: COPY does not."""
        return any(step.name == "RUN" or _may_fetch(step) for step in self.every)

    @property
    def needless_downloads(self) -> tuple[Instruction, ...]:
        """The steps for which BuildKit downloads the base image, if the image could do without all of them.

        COPY without --link and WORKDIR write into the base's files. So do RUN and ADD, which have no other form.
        """
        if any(step.name in ("RUN", "ADD", "ONBUILD") for step in self.own):
            return ()
        return tuple(
            step
            for step in self.own
            if step.name == "WORKDIR" or (step.name == "COPY" and not step.has_flag("link"))
        )


def _may_fetch(step: Instruction) -> bool:
    return step.name == "ADD" and any("$" in word or is_remote(word) for word in step.words[:-1])
