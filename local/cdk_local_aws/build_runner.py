"""Runs a buildspec as CodeBuild does: `python -m cdk_local_aws.build_runner`.

It reads a Job from the first line of standard input, and prints one JSON object a line. At the end of its input it stops
the build, so no build outlives the process that started it.
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Emit = Callable[[dict[str, Any]], None]

PHASES = ("install", "pre_build", "build", "post_build")
KILL_SECONDS = 5

# A command passes exported variables and its folder to the next one, as in one shell.
STEP = """
trap 'code=$?; export -p > "$STATE/variables"; pwd > "$STATE/folder"; exit $code' EXIT
[ ! -f "$STATE/variables" ] || . "$STATE/variables"
cd "$(cat "$STATE/folder")"
. "$STATE/command"
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A build. folder: an empty one. seconds: until it times out."""

    buildspec: str
    environment: Mapping[str, str]
    folder: str
    seconds: float


@dataclass(kw_only=True)
class BuildRun:
    """A run of a job. emit: gets each log line, each phase's begin and end, and the build's end."""

    job: Job
    emit: Emit
    _ended_by: str | None = field(default=None, init=False)
    _process: subprocess.Popen[str] | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def run(self) -> None:
        """Run every phase in order."""
        spec = json.loads(self.job.buildspec)
        shell = spec.get("env", {}).get("shell", "sh")
        self._state.mkdir(parents=True)
        source = Path(self.job.environment["CODEBUILD_SRC_DIR"])
        source.mkdir(parents=True, exist_ok=True)  # a build of a pipeline finds its input there
        (self._state / "folder").write_text(str(source))
        status = self._phases(spec.get("phases", {}), shell)
        names = spec.get("env", {}).get("exported-variables", [])
        self.emit({"end": self._ended_by or status, "exported": self._exported(names, shell)})

    def stop(self, status: str) -> None:
        """End the build with this status, `STOPPED` or `TIMED_OUT`."""
        with self._lock:
            self._ended_by = self._ended_by or status
            process = self._process
        if process is None:
            return
        _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + KILL_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        _signal_group(process, signal.SIGKILL)

    @property
    def _state(self) -> Path:
        return Path(self.job.folder) / "state"

    def _phases(self, phases: Mapping[str, Any], shell: str) -> str:
        status = "SUCCEEDED"
        for name in PHASES:
            phase = phases.get(name)
            # post_build follows a failed build phase, unless that has `on-failure: ABORT`.
            skipped = status != "SUCCEEDED" and name != "post_build"
            if phase is None or skipped or self._ended_by:
                continue
            self.emit({"entered": name.upper()})
            message = self._phase(name, [*phase.get("commands", [])], shell)
            for command in phase.get("finally", []):
                self._command(command, shell)
            ended = self._ended_by or ("FAILED" if message else "SUCCEEDED")
            self._say(f"Phase complete: {name.upper()} State: {ended}")
            self.emit({"phase": name.upper(), "status": ended, "message": message})
            if message:
                self._say(f"Phase context status code: COMMAND_EXECUTION_ERROR Message: {message}")
                status = "FAILED"
                if name != "build" or phase.get("on-failure") == "ABORT":
                    break
        return status

    def _phase(self, name: str, commands: Sequence[str], shell: str) -> str | None:
        """Run a phase's commands until one fails; return CodeBuild's message for it, or None."""
        self._say(f"Entering phase {name.upper()}")
        for command in commands:
            code = self._command(command, shell)
            if code != 0:
                return f"Error while executing command: {command}. Reason: exit status {code}"
        return None

    def _command(self, command: str, shell: str) -> int:
        self._say(f"Running command {command}")
        (self._state / "command").write_text(command)
        with self._lock:
            if self._ended_by:
                return 1
            self._process = subprocess.Popen(
                [shell, "-c", STEP],
                env={**self.job.environment, "STATE": str(self._state)},
                cwd=self.job.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.emit({"log": line.rstrip("\n")})
        return self._process.wait()

    def _exported(self, names: Sequence[str], shell: str) -> dict[str, str]:
        variables = self._state / "variables"
        if not names or not variables.exists():
            return {}
        script = f'. "{variables}"; exec "{sys.executable}" -c "import json, os; print(json.dumps(dict(os.environ)))"'
        printed = subprocess.run([shell, "-c", script], env={}, capture_output=True, text=True, check=False)
        found = json.loads(printed.stdout or "{}")
        return {name: found[name] for name in names if name in found}

    def _say(self, text: str) -> None:
        self.emit({"log": f"[Container] {datetime.now(tz=UTC):%Y/%m/%d %H:%M:%S.%f} {text}"})


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def main() -> None:
    """Run the job in the first line of the input."""
    turn = threading.Lock()

    def emit(message: dict[str, Any]) -> None:
        with turn:
            try:
                print(json.dumps(message), flush=True)
            except BrokenPipeError:  # the reader has ended, and the input too
                return

    run = BuildRun(job=Job(**json.loads(sys.stdin.readline())), emit=emit)

    def stop_at_the_end_of_input() -> None:
        sys.stdin.read()
        run.stop("STOPPED")

    threading.Thread(target=stop_at_the_end_of_input, daemon=True).start()
    timer = threading.Timer(run.job.seconds, run.stop, ["TIMED_OUT"])
    timer.daemon = True
    timer.start()
    run.run()


if __name__ == "__main__":
    main()
