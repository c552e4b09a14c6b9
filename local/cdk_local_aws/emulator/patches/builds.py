"""Runs CodeBuild's builds with the build runner, this machine's engine and the local registry.

Stock ministack answers at once that every build succeeded.
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
"""

from __future__ import annotations

import contextvars
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json, get_region, json_response
from ministack.services import codebuild

from cdk_local_aws.emulator.build_environment import BuildEnvironment
from cdk_local_aws.emulator.build_variables import MissingSecret, variables
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.sandbox import sandbox
from cdk_local_aws.emulator.settings import EmulatorSettings

Record = dict[str, Any]

IDEMPOTENT_SECONDS = 5 * 60
BEFORE_PHASES = ("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE")
# The process of each running build, by its id.
_running: dict[str, subprocess.Popen[str]] = {}
_lock = threading.Lock()


def apply(settings: EmulatorSettings, keys: Keys) -> None:
    """Run the buildspec in StartBuild, end it in StopBuild, and mark builds that a restart interrupted as stopped."""
    stock_restore = codebuild._restore_state
    environment = BuildEnvironment(settings, keys)

    def restore(data: Any) -> None:
        stock_restore(data)
        for build in codebuild._builds.all_values():
            # Stock ministack reports a fault of CodeBuild.
            if not build.get("buildComplete", True):
                finish(build, "STOPPED")

    codebuild._start_build = lambda data: start_build(data, environment)
    codebuild._stop_build = stop_build
    codebuild._restore_state = restore


def start_build(data: Record, environment: BuildEnvironment) -> Any:
    """Start a build, or answer with the one that the same token started in the last five minutes."""
    name = data.get("projectName", "")
    if name not in codebuild._projects:
        return error_response_json("ResourceNotFoundException", f"Project not found: {name}", 400)
    project, token = codebuild._projects[name], data.get("idempotencyToken")
    with _lock:
        for build in codebuild._builds.values():
            if (
                token
                and build.get("_token") == token
                and time.time() - build["startTime"] < IDEMPOTENT_SECONDS
            ):
                return json_response({"build": shown(build)})
        given = data.get("environmentVariablesOverride", [])
        given_variables = [*project["environment"].get("environmentVariables", []), *given]
        build = new_record(project, data)
        # A build shows the variables of its request beside its project's.
        build["environment"] = {**project["environment"], "environmentVariables": given_variables}
        codebuild._builds[build["id"]] = build
    buildspec = data.get("buildspecOverride") or project["source"].get("buildspec", "")
    # ministack finds its state by the account and region of the current request.
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run, args=(run_build, build, buildspec, given_variables, environment), daemon=True
    ).start()
    return json_response({"build": shown(build)})


def stop_build(data: Record) -> Any:
    """Answer StopBuild: end a running build, and change nothing in one that ended."""
    build = codebuild._builds.get(data.get("id", ""))
    if build is None:
        return error_response_json("ResourceNotFoundException", f"Build not found: {data.get('id')}", 400)
    build["_stopped"] = True
    process = _running.get(build["id"])
    if process is not None and process.stdin is not None:
        process.stdin.close()
    return json_response({"build": shown(build)})


def new_record(project: Record, data: Record) -> Record:
    """Return the record of a new build in ministack's own shape."""
    build: Record = codebuild._make_build_record(project, codebuild._build_id(project["name"]))
    logs = build["logs"]
    host = f"https://{get_region()}.console.aws.amazon.com/cloudwatch/home?region={get_region()}"
    build |= {
        "buildStatus": "IN_PROGRESS",
        "currentPhase": "QUEUED",
        "phases": [],
        "buildComplete": False,
        "serviceRole": data.get("serviceRoleOverride") or project.get("serviceRole"),
        "timeoutInMinutes": data.get("timeoutInMinutesOverride") or project.get("timeoutInMinutes", 60),
        "logs": {**logs, "deepLink": f"{host}#logsV2:log-groups/{logs['groupName']}/{logs['streamName']}"},
        "_token": data.get("idempotencyToken"),
    }
    del build["endTime"]
    return build


def shown(build: Record) -> Record:
    """Return the record as the API shows it."""
    return {name: value for name, value in copy.deepcopy(build).items() if not name.startswith("_")}


def run_build(
    build: Record, buildspec: str, given_variables: list[Record], environment: BuildEnvironment
) -> None:
    """Run one build to its end, and record its phases, log and result."""
    say = codebuild._log_sink(build)
    folder = Path(tempfile.mkdtemp(prefix="codebuild-"))
    try:
        for phase in BEFORE_PHASES:
            end_phase(build, phase, "SUCCEEDED", None)
        try:
            job = {
                "buildspec": buildspec,
                "environment": {**environment.variables(build, folder), **variables(given_variables)},
                "folder": str(folder),
                "seconds": float(build["timeoutInMinutes"]) * 60,
            }
        except MissingSecret as error:
            say(f"[Container] {error}")
            end_phase(build, "DOWNLOAD_SOURCE", "FAILED", str(error))
            finish(build, "FAILED")
            return
        follow(build, job, environment.seen(), say)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def follow(build: Record, job: Record, seen: list[Path], say: Any) -> None:
    """Start the runner in a sandbox and record what it reports."""
    project = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(
        sandbox().command(
            [sys.executable, "-m", "cdk_local_aws.build_runner"],
            folder=project,
            environment=os.environ,
            shown=seen,
            writable=[Path(job["folder"])],
        ),
        cwd=project,
        umask=0o022,  # as in CodeBuild: the modes of unpacked files go into images
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A signal to the emulator's group must not kill it: at the end of its input it ends its own processes.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    _running[build["id"]] = process
    if build.get("_stopped"):
        process.stdin.close()
    status = "FAULT"
    for line in process.stdout:
        if not line.startswith("{"):
            say(line.rstrip("\n"))
            continue
        message = json.loads(line)
        if "log" in message:
            say(message["log"])
        elif "entered" in message:
            build["currentPhase"] = message["entered"]
        elif "phase" in message:
            end_phase(build, message["phase"], message["status"], message["message"])
        else:
            status = message["end"]
            build["exportedEnvironmentVariables"] = [
                {"name": name, "value": value} for name, value in message["exported"].items()
            ]
    process.wait()
    del _running[build["id"]]
    finish(build, status)


def end_phase(build: Record, name: str, status: str, message: str | None) -> None:
    """Record the end of a phase."""
    now = int(time.time())
    context = {"statusCode": "COMMAND_EXECUTION_ERROR", "message": message}
    build["currentPhase"] = name
    build["phases"].append(
        {
            "phaseType": name,
            "phaseStatus": status,
            "startTime": now,
            "endTime": now,
            "contexts": [context] if message else [],
        }
    )


def finish(build: Record, status: str) -> None:
    """Record the end of a build."""
    now = int(time.time())
    build["phases"].append({"phaseType": "COMPLETED", "startTime": now})
    build |= {"buildStatus": status, "currentPhase": "COMPLETED", "endTime": now, "buildComplete": True}
