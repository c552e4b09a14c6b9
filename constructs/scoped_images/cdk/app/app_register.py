"""Finds the register of an app, and has the stages of its stacks watched."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakKeyDictionary

from aws_cdk import Aspects, Stage
from constructs import Construct

from scoped_images.cdk.app.image_watch import ImageWatch
from scoped_images.cdk.app.register import Register
from scoped_images.cdk.place import stack_of, stage_of

# By stage, since finding its watch takes several calls to JavaScript.
_REGISTERS: WeakKeyDictionary[Stage, Register] = WeakKeyDictionary()


def register_of(scope: Construct) -> Register:
    """Return the register of the app that `scope` is in, and have its stage watched."""
    stage = stage_of(stack_of(scope))
    found = _REGISTERS.get(stage)
    if found is None:
        app = stage.node.root
        assert isinstance(app, Stage)
        # Not the app only: aspects do not reach into stages.
        found = _REGISTERS[stage] = _watch(stage, _watch(app, None))
    return found


def _watch(stage: Stage, register: Register | None) -> Register:
    aspects = Aspects.of(stage)
    watch = next((aspect for aspect in aspects.all if isinstance(aspect, ImageWatch)), None)
    if watch is None:
        # The app has the first of them, and the folder that the CLI reads.
        watch = ImageWatch(register or Register(), Path(stage.outdir) if register is None else None)
        aspects.add(watch)
        stage.node.add_validation(watch)
    return watch.register
