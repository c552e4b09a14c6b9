"""The scoped context builds what the full context builds: generated repositories, built by the real engine."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from scoped_images.context.file import Kind
from scoped_images.context.scoped_context import ScopedContext
from tests.differential.case import Case, check
from tests.differential.generated import cases

pytestmark = pytest.mark.engine

# SCOPED_IMAGES_FUZZ=3000 makes a run of thousands; then every run has other cases.
_FUZZ = int(os.environ.get("SCOPED_IMAGES_FUZZ", "0"))
_SHARDS = 4 if _FUZZ else 1
_CASES = _FUZZ or 50
_MINIMAL_CASES = _CASES // 5
_PHASES = (Phase.generate, Phase.shrink) if _FUZZ else (Phase.generate,)


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=_PHASES,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def _seed(shard: int) -> int:
    return shard + (int.from_bytes(os.urandom(4)) if _FUZZ else 20261120)


@pytest.mark.parametrize("shard", range(_SHARDS))
def test_the_scoped_context_builds_the_same_image(shard: int) -> None:
    """Path, kind, mode, bytes and link of every file; or both builds fail."""

    @seed(_seed(shard))
    @_settings(_CASES // _SHARDS)
    @given(case=cases())
    def compare_images(case: Case) -> None:
        check(case)

    compare_images()


@pytest.mark.parametrize("shard", range(_SHARDS))
def test_every_file_of_the_scoped_context_is_needed(shard: int) -> None:
    """Without any one of them the build fails or gives another image."""

    @seed(_seed(shard))
    @_settings(_MINIMAL_CASES // _SHARDS)
    @given(case=cases(single=True), data=st.data())
    def drop_one_file(case: Case, data: st.DataObject) -> None:
        dropped = ""

        def choose(context: ScopedContext) -> str | None:
            nonlocal dropped
            names = [file.path.rpartition("/")[2] for file in context.files]
            # Files of one name may land on each other; then BuildKit reads more than the image shows.
            droppable = [
                file.path
                for file, name in zip(context.files, names, strict=True)
                if file.kind is not Kind.DIRECTORY and names.count(name) == 1
            ]
            dropped = data.draw(st.sampled_from(droppable)) if droppable else ""
            return dropped or None

        outcome = check(case, choose)
        if outcome.without is not None:
            assert outcome.without.files != outcome.full.files, f"{dropped} is not needed"

    drop_one_file()
