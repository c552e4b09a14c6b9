"""A deploy that changes nothing, and the part of it that the library's own code takes."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.engine import private_engine
from benchmarks.results import OURS, Results
from cdk_local_aws.environment import LocalEnvironment, ensure_bootstrapped, ensure_emulator, stop_emulator
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON
from tests.e2e.conftest import copy_project
from tests.e2e.deployment import Deployment

PART = "deploy"
_RUNS = {"quick": 1, "full": 3}


def run(results: Results) -> None:
    """Deploy this project once, and then again with nothing changed."""
    with tempfile.TemporaryDirectory(prefix="bench-deploy-") as name, private_engine(Path(name)) as engine:
        folder = Path(name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        env = LocalEnvironment(state=folder / "aws", port=port, stand_ins=(LAMBDA_PYTHON.image,))
        try:
            ensure_emulator(env, engine, print)
            ensure_bootstrapped(env, engine, cdk=["cdk"], say=print)
            copy_project(folder / "project")
            _measure(results, Deployment(project=folder / "project", env=env, engine=engine), folder)
        finally:
            stop_emulator(env)


def _measure(results: Results, deployment: Deployment, folder: Path) -> None:
    own = folder / "own-seconds"
    flags = ("--app", f"{sys.executable} -m benchmarks.timed_app")
    # The app inherits it from the CLI.
    os.environ["BENCH_OWN_SECONDS"] = str(own)
    started = time.perf_counter()
    deployment.deploy(*flags)
    results.add(PART, "first deploy", "whole deploy", "seconds", [time.perf_counter() - started])
    whole, ours, share = [], [], []
    for _ in range(_RUNS[results.scale]):
        started = time.perf_counter()
        assert deployment.deploy(*flags) == [], "nothing has changed"
        whole.append(time.perf_counter() - started)
        ours.append(float(own.read_text()))
        share.append(100 * ours[-1] / whole[-1])
    results.add(PART, "deploy without change", "whole deploy", "seconds", whole)
    results.add(PART, "deploy without change", f"{OURS} in it", "seconds", ours)
    results.add(PART, "deploy without change", f"{OURS} in it", "percent of the deploy", share)
