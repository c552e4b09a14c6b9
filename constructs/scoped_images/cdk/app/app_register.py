"""Finds the register of an app, and makes it at the first call."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Aspects, Stage
from constructs import Construct

from scoped_images.cdk.app.image_watch import ImageWatch
from scoped_images.cdk.app.register import Register
from scoped_images.cdk.place import once, stack_of, stage_of


def register_of(scope: Construct) -> Register:
    """Return the register of the app that `scope` is in, and have its stage watched."""
    return _register_of(stage_of(stack_of(scope)))


@once
def _register_of(stage: Stage) -> Register:
    app = stage.node.root
    assert isinstance(app, Stage)
    # Not the app only: aspects do not reach into stages.
    return _watch(stage, _watch(app, None))


def _watch(stage: Stage, register: Register | None) -> Register:
    aspects = Aspects.of(stage)
    watch = next((aspect for aspect in aspects.all if isinstance(aspect, ImageWatch)), None)
    if watch is None:
        # The app has the first of them, and the folder that the CLI reads.
        watch = ImageWatch(register or Register(), Path(stage.outdir) if register is None else None)
        aspects.add(watch)
        stage.node.add_validation(watch)
    return watch.register
