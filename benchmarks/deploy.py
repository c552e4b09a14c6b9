"""A deploy that changes nothing, and the part of it that the library's own code takes."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

from benchmarks.engine import private_engine
from benchmarks.results import OURS, Results, seconds_of
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
            project = folder / "project"
            deployment = Deployment(project=project, env=env, engine=engine, validation=True)
            _measure(results, deployment, folder)
        finally:
            stop_emulator(env)


def _measure(results: Results, deployment: Deployment, folder: Path) -> None:
    # The CLI passes it on.
    own = folder / "own-seconds"
    os.environ["BENCH_OWN_SECONDS"] = str(own)
    results.add(PART, "first deploy", "whole deploy", "seconds", [seconds_of(deployment.deploy)])
    whole, ours = [], []
    for _ in range(_RUNS[results.scale]):
        whole.append(seconds_of(deployment.deploy))
        assert deployment.built() == [], "nothing has changed"
        deployment.cdk("synth", "--quiet", "--app", f"{sys.executable} -m benchmarks.twins")
        ours.append(float(own.read_text()))
    case = "deploy without change"
    results.add(PART, case, "whole deploy", "seconds", whole)
    results.add(PART, case, f"{OURS} in it", "seconds", ours)
    shares = [100 * part / total for part, total in zip(ours, whole, strict=True)]
    results.add(PART, case, f"{OURS} in it", "percent of the deploy", shares)
