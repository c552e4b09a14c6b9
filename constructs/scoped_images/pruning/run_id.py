"""The name of a run, by which `scoped-images prune --undo` finds the images that the run archived."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scoped_images.errors import ScopedImagesError

_FORM = re.compile(r"(\d{8}T\d{6}Z)-(\d{1,6})")
_MOMENT = "%Y%m%dT%H%M%SZ"
# AWS refuses requests from a clock that is off by more than this.
_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RunId:
    """A run by its start and its duration in whole seconds; renders itself as `20261126T031705Z-42`.

    ECR records when it archived each image, so the time is enough to find them again.
    """

    started: datetime
    seconds: int

    def __str__(self) -> str:
        return f"{self.started.astimezone(UTC):{_MOMENT}}-{self.seconds}"

    @classmethod
    def parse(cls, text: str) -> RunId:
        """Read what `str` returned; raise ScopedImagesError."""
        match = _FORM.fullmatch(text)
        try:
            if match is None:
                raise ValueError(text)
            return cls(datetime.strptime(match[1], _MOMENT).replace(tzinfo=UTC), int(match[2]))
        except ValueError:
            raise ScopedImagesError(
                f"run: must be the name of a run, got {text!r}; copy it from a report, such as 20261126T031705Z-42"
            ) from None

    def includes(self, moment: datetime) -> bool:
        """Return whether the run may have archived an image at `moment`."""
        return (
            self.started - _CLOCK_SKEW
            <= moment
            <= self.started + timedelta(seconds=self.seconds) + _CLOCK_SKEW
        )
