"""Which targets are worth a registry cache, and which could be pushed without a download of their base."""

from __future__ import annotations

import pytest

from scoped_images.dockerfile.parse import parse_dockerfile
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.dockerfile.target_steps import TargetSteps


def steps(text: str, target: str | None = None, contexts: tuple[str, ...] = ()) -> TargetSteps:
    """The steps of a target."""
    options = TargetOptions(target=target, build_contexts=contexts)
    return TargetSteps.read(parse_dockerfile(text, name="Dockerfile"), options)


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("FROM x\nCOPY a /\nWORKDIR /b\nENV A=1\n", False),
        ("FROM x\nRUN pip install y\n", True),
        ("FROM x AS one\nRUN make\nFROM y\nCOPY --from=one /a /\n", True),
        ("FROM x AS one\nRUN make\nFROM y\nCOPY a /\n", False),
        ("FROM x AS one\nRUN make\nFROM one\nCOPY a /\n", True),
        ("FROM x\nADD https://example.com/a.tar /\n", True),
        ("FROM x\nARG URL\nADD $URL /\n", True),
        ("FROM x\nADD a.tar /\n", False),
    ],
)
def test_a_target_is_worth_a_cache_if_a_stage_that_it_needs_runs_or_fetches(text: str, worth: bool) -> None:
    assert steps(text).worth_caching is worth


def test_a_context_in_place_of_a_stage_leaves_its_steps_out() -> None:
    text = "FROM x AS one\nRUN make\nFROM one\nCOPY a /\n"
    assert not steps(text, contexts=("one",)).worth_caching


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("FROM x\nWORKDIR /app\nCOPY a ./\n", [2, 3]),
        ("FROM x\nENV A=1\nCOPY --link a /app/\nUSER 1\nCMD x\n", []),
        ("FROM x\nWORKDIR /app\nCOPY --link a ./\n", [2]),
        ("FROM x\nCOPY a /app/\nRUN make\n", []),
        ("FROM x\nCOPY a /app/\nADD a.tar /\n", []),
        ("FROM x AS one\nCOPY a /app/\nFROM one\nCOPY --link=true b /\n", [2]),
        ("FROM x AS one\nRUN make\nFROM y\nCOPY --from=one /a /\n", [4]),
        ("FROM x AS one\nRUN make\nFROM one\nCOPY b /\n", []),
    ],
)
def test_only_steps_that_have_another_form_download_needlessly(text: str, lines: list[int]) -> None:
    assert [step.line for step in steps(text).needless_downloads] == lines


def test_the_steps_are_those_of_the_target() -> None:
    text = "FROM x AS one\nCOPY a /\nFROM y AS two\nRUN make\n"
    assert [step.line for step in steps(text, target="one").needless_downloads] == [2]
    assert not steps(text, target="one").worth_caching
