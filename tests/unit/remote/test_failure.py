"""The reason that CloudFormation shows of a failed build."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scoped_images.remote.failure import failure_reason, last_lines

BUILD: dict[str, Any] = {
    "id": "project:1",
    "buildStatus": "FAILED",
    "phases": [
        {"phaseType": "PRE_BUILD", "phaseStatus": "SUCCEEDED"},
        {
            "phaseType": "BUILD",
            "phaseStatus": "FAILED",
            "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": "exit status 1"}],
        },
        {"phaseType": "COMPLETED"},
    ],
    "logs": {"deepLink": "https://console.example/log"},
}


def test_it_has_the_phase_the_last_lines_and_the_link() -> None:
    log = [f"line {number}\n" for number in range(1, 31)]
    assert failure_reason("app:sha-1", BUILD, log) == "\n".join(
        [
            "build of app:sha-1 ended as FAILED in phase BUILD: exit status 1",
            *(f"line {number}" for number in range(11, 31)),
            "log: https://console.example/log",
        ]
    )


def test_without_phases_and_link_it_names_the_build() -> None:
    assert failure_reason("app:sha-1", {"id": "project:1", "buildStatus": "FAULT"}, []) == (
        "build of app:sha-1 ended as FAULT in phase unknown\nlog: project:1"
    )


def test_several_reasons_of_one_phase_are_one_line() -> None:
    phases = [{"phaseStatus": "FAULT", "contexts": [{"message": "one"}, {"message": ""}, {"message": "two"}]}]
    assert failure_reason("app:sha-1", {**BUILD, "phases": phases}, []).splitlines()[0] == (
        "build of app:sha-1 ended as FAILED in phase unknown: one; two"
    )


def test_a_line_that_just_fits_is_whole() -> None:
    assert last_lines(["x" * 300]) == ["x" * 300]


def test_what_is_too_long_without_any_line_is_cut() -> None:
    """No name is so long; the answer must not be lost if one is."""
    reason = failure_reason("x" * 3000, BUILD, ["a line"])
    assert reason == f"build of {'x' * 615}…"


def test_lines_are_counted_within_events_and_lose_their_colours() -> None:
    events = ["one\ntwo\n\n", "\x1b[31mred\x1b[0m\r\n", "x" * 500]
    assert last_lines(events, 3) == ["two", "red", "x" * 299 + "…"]


def test_what_a_step_prints_cannot_steer_terminal_or_ci() -> None:
    assert last_lines(["::error::forged\n\tsee\u202e##[add-mask]x\n"]) == [
        r"\::error::forged",
        r"        see\u202e##\[add-mask]x",
    ]
    phases = [{"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "a\n::error::b"}]}]
    assert failure_reason("app:sha-1", {**BUILD, "phases": phases}, []).splitlines()[0] == (
        r"build of app:sha-1 ended as FAILED in phase BUILD: a\n::error::b"
    )


def test_of_a_long_log_the_oldest_lines_are_left_out() -> None:
    reason = failure_reason("app:sha-1", BUILD, ["ö" * 290] * 19 + ["the error"])
    assert reason.splitlines()[1] == "…"
    assert reason.splitlines()[-2:] == ["the error", "log: https://console.example/log"]


@given(st.lists(st.text(max_size=400), max_size=40), st.text(max_size=3000))
def test_it_always_fits_into_cloudformation_s_answer(log: list[str], message: str) -> None:
    phases = [{"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": message}]}]
    reason = failure_reason("app:sha-1", {**BUILD, "phases": phases}, log)
    assert len(json.dumps(reason, ensure_ascii=False).encode()) <= 2500
    assert reason.startswith("build of app:sha-1 ended as FAILED in phase BUILD")
