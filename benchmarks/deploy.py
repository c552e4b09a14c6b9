"""A deploy that changes nothing, and the part of it that the library's own code takes."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.distant_aws import DistantAws
from benchmarks.engine import private_engine
from benchmarks.results import OURS, Results, seconds_of
from cdk_local_aws.environment import LocalEnvironment, ensure_bootstrapped, ensure_emulator, stop_emulator
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON
from tests.e2e.conftest import copy_project
from tests.e2e.deployment import Deployment

PART = "deploy"
_RUNS = {"quick": 1, "full": 3}
# A round trip to a near region takes 20 ms, and most calls of CloudFormation 50 to 200 ms.
_SECONDS_OF_A_CALL = 0.05


@dataclass
class DistantDeployment(Deployment):
    """Reaches the emulated AWS by another address."""

    endpoint: str = ""

    def variables(self) -> dict[str, str]:
        """Return those of Deployment, with the other address."""
        return {
            **super().variables(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
        }


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
            aws = DistantAws(port, _SECONDS_OF_A_CALL)
            with aws.endpoint() as endpoint:
                deployment = DistantDeployment(
                    project=folder / "project", env=env, engine=engine, validation=True, endpoint=endpoint
                )
                _measure(results, deployment, aws, folder)
        finally:
            stop_emulator(env)


def _measure(results: Results, deployment: Deployment, aws: DistantAws, folder: Path) -> None:
    # The CLI passes it on.
    own = folder / "own-seconds"
    os.environ["BENCH_OWN_SECONDS"] = str(own)
    results.add(PART, "first deploy", "whole deploy", "seconds", [seconds_of(deployment.deploy)])
    whole, ours, calls = [], [], []
    for _ in range(_RUNS[results.scale]):
        aws.calls = 0
        whole.append(seconds_of(deployment.deploy))
        calls.append(aws.calls)
        assert deployment.built() == [], "nothing has changed"
        deployment.cdk("synth", "--quiet", "--app", f"{sys.executable} -m benchmarks.twins")
        ours.append(float(own.read_text()))
    case = "deploy without change"
    results.add(PART, case, "whole deploy", "seconds", whole)
    results.add(PART, case, f"{OURS} in it", "seconds", ours)
    shares = [100 * part / total for part, total in zip(ours, whole, strict=True)]
    results.add(PART, case, f"{OURS} in it", "percent of the deploy", shares)
    results.add(PART, case, "whole deploy", "calls to AWS", calls)
