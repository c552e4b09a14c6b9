"""What the progress of bake says, as buildx 0.29 prints it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from scoped_images.building.build_log import BuildLog, Failure


def vertex(name: str, *, digest: str = "sha256:1", **more: Any) -> str:
    """A line on one step."""
    return json.dumps({"vertexes": [{"digest": digest, "name": name, **more}]})


def logs(text: str, digest: str = "sha256:1") -> str:
    """A line of a step's output."""
    return json.dumps({"logs": [{"vertex": digest, "data": base64.b64encode(text.encode()).decode()}]})


EXIT = 'process "/bin/sh -c exit 3" did not complete successfully: exit code: 3'


def read(*lines: str, targets: tuple[str, ...] = ("api", "base")) -> BuildLog:
    """The log of these lines."""
    log = BuildLog(targets)
    for line in lines:
        log.add(line)
    return log


def test_a_failed_step_is_named_with_the_end_of_its_output() -> None:
    log = read(
        vertex("[api run 2/3] RUN exit 3", started="1"),
        logs("one\ntwo\n"),
        vertex("[api run 2/3] RUN exit 3", started="1", completed="2", error=EXIT),
        logs("three\n"),
        f"ERROR: target api: failed to solve: {EXIT}",
    )
    assert log.failures == {
        "api": Failure(target="api", step="RUN exit 3", error=EXIT, log=("one", "two", "three"))
    }
    assert log.message == f"ERROR: target api: failed to solve: {EXIT}"


def test_a_step_that_bake_stopped_has_not_failed() -> None:
    log = read(
        vertex("[base 1/2] RUN sleep 9", digest="sha256:2", error="exit code: 137: context canceled"),
        vertex("[api] exporting to image", error="failed to push x:y: denied"),
    )
    assert {name: failure.step for name, failure in log.failures.items()} == {"api": "exporting to image"}


def test_a_cache_that_cannot_be_read_or_written_has_not_failed() -> None:
    log = read(
        vertex("[api] importing cache manifest from x:cache", error="not found"),
        vertex("[api] exporting cache to registry", digest="sha256:2", error="denied"),
    )
    assert log.failures == {}


def test_a_mistake_in_a_dockerfile_is_the_error_of_its_target() -> None:
    log = read(
        vertex("[base internal] load build definition from Dockerfile", started="1"),
        "Dockerfile:2",
        "ERROR: target base: failed to solve: dockerfile parse error on line 2",
    )
    assert log.failures == {
        "base": Failure(
            target="base", step="build", error="failed to solve: dockerfile parse error on line 2"
        )
    }


def test_a_step_that_two_targets_share_is_the_failure_of_the_one_that_docker_names_too() -> None:
    log = read(
        vertex("[api build 1/1] RUN exit 3", error=EXIT),
        logs("the cause"),
        f"ERROR: target base: failed to solve: {EXIT}",
    )
    expected = {"step": "RUN exit 3", "error": EXIT, "log": ("the cause",)}
    assert log.failures == {
        "api": Failure(target="api", **expected),  # type: ignore[arg-type]
        "base": Failure(target="base", **expected),  # type: ignore[arg-type]
    }


def test_with_one_target_steps_have_no_prefix() -> None:
    log = read(vertex("[run 2/3] RUN exit 3", error=EXIT), targets=("api",))
    assert log.failures["api"].step == "RUN exit 3"


@pytest.mark.parametrize(
    "damaged",
    [
        '{"vertexes": [{"name": "[api] RUN x"}]}',
        '{"vertexes": [{"digest": 1, "name": "[api] RUN x"}]}',
        '{"vertexes": [{"digest": "sha256:9", "name": null, "error": 1}]}',
        '{"vertexes": 5, "logs": {}}',
        '{"vertexes": [5], "logs": [null]}',
        '{"logs": [{"vertex": "sha256:1", "data": "abc"}]}',
        '{"logs": [{"data": "YQ=="}]}',
        '{"logs": [{"vertex": [], "data": 1}]}',
    ],
)
def test_a_damaged_line_does_not_hide_a_failure(damaged: str) -> None:
    log = read(damaged, vertex("[api] RUN exit 3", error=EXIT), logs("why"), damaged)
    assert log.failures == {"api": Failure(target="api", step="RUN exit 3", error=EXIT, log=("why",))}


def test_steps_are_reported_once_they_start() -> None:
    seen: list[tuple[str, str]] = []
    log = BuildLog(("api", "base"), on_step=lambda target, step: seen.append((target, step)))
    for line in (
        vertex("[api 1/2] RUN true"),
        vertex("[api 1/2] RUN true", started="1"),
        vertex("[api 1/2] RUN true", started="1", completed="2"),
        vertex("[x 1/2] RUN true", digest="sha256:2", started="1"),
    ):
        log.add(line)
    assert seen == [("api", "RUN true")]


def test_nothing_has_started_when_docker_itself_fails() -> None:
    log = read('ERROR: no builder "b" found')
    assert not log.started
    assert log.failures == {}
    assert log.message == 'ERROR: no builder "b" found'
