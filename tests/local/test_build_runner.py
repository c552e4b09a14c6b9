"""The build runner runs a buildspec as CodeBuild's documents say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cdk_local_aws.build_runner import BuildRun, Job
from tests.local.waiting import wait_until

ROOT = Path(__file__).parents[2]


def job(folder: Path, phases: Mapping[str, Any], *, seconds: float = 30, **env: Any) -> Job:
    return Job(
        buildspec=json.dumps({"version": "0.2", "env": {"shell": "bash", **env}, "phases": phases}),
        environment={"PATH": os.environ["PATH"], "CODEBUILD_SRC_DIR": str(folder / "src")},
        folder=str(folder),
        seconds=seconds,
    )


def run(folder: Path, phases: Mapping[str, Any], **options: Any) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    BuildRun(job=job(folder, phases, **options), emit=said.append).run()
    return said


def lines(said: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the commands printed."""
    return [each["log"] for each in said if "log" in each and not each["log"].startswith("[Container]")]


def phases(said: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(each["phase"], each["status"]) for each in said if "phase" in each]


def test_phases_run_in_order_and_commands_share_folder_and_exported_variables(tmp_path: Path) -> None:
    said = run(
        tmp_path,
        {
            "build": {"commands": ["pwd", 'echo "$WORD"']},
            "install": {"commands": ["export WORD='one two'", "mkdir below", "cd below"]},
            "post_build": {"commands": ["echo last"]},
        },
    )
    assert lines(said) == [str(tmp_path / "src" / "below"), "one two", "last"]
    assert phases(said) == [("INSTALL", "SUCCEEDED"), ("BUILD", "SUCCEEDED"), ("POST_BUILD", "SUCCEEDED")]
    assert said[-1] == {"end": "SUCCEEDED", "exported": {}}


def test_a_failing_command_ends_its_phase_and_reports_its_exit_code(tmp_path: Path) -> None:
    said = run(
        tmp_path, {"pre_build": {"commands": ["exit 3", "echo no"]}, "build": {"commands": ["echo no"]}}
    )
    assert lines(said) == []
    assert [each for each in said if "phase" in each] == [
        {
            "phase": "PRE_BUILD",
            "status": "FAILED",
            "message": "Error while executing command: exit 3. Reason: exit status 3",
        }
    ]
    assert said[-1]["end"] == "FAILED"


@pytest.mark.parametrize(("on_failure", "printed"), [("CONTINUE", ["after"]), ("ABORT", [])])
def test_after_a_failed_build_post_build_runs_unless_the_phase_aborts(
    on_failure: str, printed: list[str], tmp_path: Path
) -> None:
    said = run(
        tmp_path,
        {
            "build": {"on-failure": on_failure, "commands": ["false"]},
            "post_build": {"commands": ["echo after"]},
        },
    )
    assert lines(said) == printed
    assert said[-1]["end"] == "FAILED"


def test_finally_runs_also_after_a_failure(tmp_path: Path) -> None:
    said = run(tmp_path, {"build": {"commands": ["false"], "finally": ["echo always"]}})
    assert lines(said) == ["always"]


def test_variables_that_the_buildspec_exports_come_back(tmp_path: Path) -> None:
    said = run(
        tmp_path,
        {"build": {"commands": ["export A='1 \"2'\nexport B=3"]}},
        **{"exported-variables": ["A", "MISSING"]},
    )
    assert said[-1]["exported"] == {"A": '1 "2'}


def test_a_build_that_takes_too_long_is_timed_out(tmp_path: Path) -> None:
    process = started(job(tmp_path, {"build": {"commands": ["sleep 60"]}}, seconds=0.5))
    said = [json.loads(line) for line in process.stdout or ()]
    assert said[-1]["end"] == "TIMED_OUT"
    assert process.wait(10) == 0


def started(given: Job) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "cdk_local_aws.build_runner"],
        cwd=ROOT / "local",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(given.__dict__) + "\n")
    process.stdin.flush()
    return process


def running(marker: str) -> bool:
    return any(
        marker.encode() in path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    )


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are found in /proc")
def test_the_end_of_its_input_stops_the_build_with_all_its_processes(tmp_path: Path) -> None:
    process = started(job(tmp_path, {"build": {"commands": ["sleep 54321 & sleep 54321"]}}))
    wait_until(lambda: running("54321"))
    assert process.stdin is not None
    process.stdin.close()
    said = [json.loads(line) for line in process.stdout or ()]
    assert said[-1]["end"] == "STOPPED"
    assert phases(said) == [("BUILD", "STOPPED")]
    wait_until(lambda: not running("54321"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are found in /proc")
def test_a_starter_that_is_killed_leaves_no_build_behind(tmp_path: Path) -> None:
    given = json.dumps(job(tmp_path, {"build": {"commands": ["sleep 65432"]}}).__dict__)
    starter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "p = subprocess.Popen([sys.executable, '-m', 'cdk_local_aws.build_runner'], stdin=subprocess.PIPE, "
            "stdout=subprocess.DEVNULL, text=True, start_new_session=True)\n"
            "p.stdin.write(sys.argv[1] + '\\n'); p.stdin.flush(); time.sleep(60)",
            given,
        ],
        cwd=ROOT / "local",
    )
    wait_until(lambda: running("sleep\x0065432"))
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    wait_until(lambda: not running("sleep\x0065432"))


def test_a_stopped_build_starts_no_further_command(tmp_path: Path) -> None:
    said: list[dict[str, Any]] = []
    build = BuildRun(job=job(tmp_path, {"build": {"commands": ["sleep 60", "echo no"]}}), emit=said.append)
    thread = threading.Thread(target=build.run)
    thread.start()
    wait_until(lambda: any("Running command" in each.get("log", "") for each in said))
    time.sleep(0.3)
    build.stop("STOPPED")
    thread.join(10)
    assert lines(said) == []
    assert said[-1]["end"] == "STOPPED"
