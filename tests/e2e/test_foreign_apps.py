"""CDK apps that know nothing of this project, in the local AWS as its wheel brings it into an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cdk_local_aws.engine import Engine
from cdk_local_aws.environment import local_url
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON
from tests.e2e.places import APPS, ROOT, bring_stand_ins
from tests.free_port import free_port

pytestmark = pytest.mark.e2e

INSTALLED = ROOT / ".local" / "engine" / "installed"


@dataclass(frozen=True)
class Installed:
    """The package in a virtual environment, and a folder of apps. Nothing of this checkout is on its path."""

    folder: Path
    port: int

    def run(self, app: Path, *command: str) -> str:
        """Run a command of that environment in an app's folder; its output."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("LOCAL_AWS_", "PYTHON"))
        }
        path = [self.folder / "env" / "bin", ROOT / ".local/cdk/node_modules/.bin", kept["PATH"]]
        done = subprocess.run(
            command,
            cwd=app,
            env={
                **kept,
                "PATH": os.pathsep.join(map(str, path)),
                "LOCAL_AWS_STATE": str(self.folder / "state"),
                "LOCAL_AWS_PORT": str(self.port),
                "LOCAL_AWS_ENGINE": str(INSTALLED),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        return done.stdout

    def aws(self, *arguments: str) -> Any:
        """What the AWS CLI answers."""
        return json.loads(self.run(self.folder, "cdk-local", "run", "--", "aws", *arguments))

    def deploy(self, app: Path) -> None:
        """Deploy every stack of an app."""
        image = ("--image", LAMBDA_PYTHON.image)
        self.run(
            app, "cdk-local", "run", *image, "--", "cdk", "deploy", "--all", "--require-approval", "never"
        )


@pytest.fixture(scope="module")
def installed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The wheel, installed with what it needs and the CDK, as `pip install` does it."""
    folder = tmp_path_factory.mktemp("foreign")
    source = folder / "source"
    shutil.copytree(
        ROOT / "local", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    )
    uv = [str(Path(sys.executable).parent / "uv")]
    python = folder / "env" / "bin" / "python"
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder / "env")], check=True)
    versions = [*("--constraints", str(folder / "versions.txt")), *("--python", str(python))]
    lock = (ROOT / "requirements-dev.txt").read_text()
    # A constraint has no hashes.
    pins = [line.removesuffix(" \\") for line in lock.splitlines() if line[:1].isalnum()]
    (folder / "versions.txt").write_text("\n".join(pins))
    subprocess.run([*uv, "pip", "install", "--quiet", *versions, str(source), "aws-cdk-lib"], check=True)
    made = Installed(folder, free_port())
    bring_stand_ins(folder / "state")
    yield made
    made.run(folder, "cdk-local", "down")


def init(installed: Installed, name: str) -> Path:
    """The sample app that the pinned CDK CLI writes."""
    app = installed.folder / name
    app.mkdir()
    installed.run(app, "cdk", "init", "sample-app", "--language", "python", "--generate-only")
    return app


@pytest.mark.nightly
def test_the_sample_app_of_cdk_init_deploys(installed: Installed) -> None:
    installed.deploy(init(installed, "sample"))
    (topic,) = installed.aws("sns", "list-topics")["Topics"]
    subscriptions = installed.aws("sns", "list-subscriptions-by-topic", "--topic-arn", topic["TopicArn"])
    assert [each["Protocol"] for each in subscriptions["Subscriptions"]] == ["sqs"]


def test_a_stock_load_balanced_service_answers_and_is_replaced(installed: Installed) -> None:
    """With the flags that `cdk init` writes; both tasks listen on the same port."""
    flags = json.loads((init(installed, "flags") / "cdk.json").read_text())["context"]
    app = installed.folder / "service"
    shutil.copytree(APPS / "stock_service", app)
    (app / "cdk.json").write_text(json.dumps({"app": "python app.py", "context": flags}))
    installed.deploy(app)
    (balancer,) = installed.aws("elbv2", "describe-load-balancers")["LoadBalancers"]
    (group,) = installed.aws("elbv2", "describe-target-groups")["TargetGroups"]
    assert (group["HealthCheckPath"], group["Matcher"]) == ("/", {"HttpCode": "200"})
    arn = group["TargetGroupArn"]
    healthy = installed.aws("elbv2", "describe-target-health", "--target-group-arn", arn)
    assert len(healthy["TargetHealthDescriptions"]) == 2
    url = local_url(balancer["DNSName"], installed.port)
    assert read(url) == "one\n"
    (app / "image" / "index.html").write_text("two\n")
    installed.deploy(app)
    assert read(url) == "two\n"


def read(url: str) -> str:
    with urllib.request.urlopen(f"{url}/", timeout=20) as answer:
        text: str = answer.read().decode()
        return text
