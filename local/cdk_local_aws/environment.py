"""The local environment as the project's commands use it: the emulated AWS, and the variables that lead to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError

from cdk_local_aws.build_secrets import pip_secrets
from cdk_local_aws.emulator import process
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.node_modules import ensure_node_modules
from cdk_local_aws.emulator.sandbox import ensure_sandbox
from cdk_local_aws.emulator.settings import EmulatorSettings
from cdk_local_aws.errors import LocalError

CDK_DOCKER = Path(__file__).with_name("cdk-docker")

# Variables of the user's shell that would lead the CDK CLI or boto3 somewhere else: credentials and profiles
# for real AWS, and every CDK… variable, which the CLI reads as an option.
MISLEADING = ("AWS_", "CDK_")


class ContainerEngine(Protocol):
    """What is asked of cdk_local_aws.engine.Engine."""

    @property
    def docker(self) -> Path:
        """The docker CLI."""

    def environment(self) -> dict[str, str]:
        """The variables with which docker and its clients find the engine."""


@dataclass(frozen=True)
class LocalEnvironment:
    """The emulated AWS of one folder and port, for one account and region.

    stand_ins: public images that are not there, but a stand-in under their names; builds take it whatever the
        image is pinned to, and no mirror is asked for it.
    """

    state: Path
    port: int
    account: str = "000000000000"
    region: str = "us-east-1"
    stand_ins: tuple[str, ...] = ()

    @property
    def emulator(self) -> EmulatorSettings:
        """The emulator's settings; they check folder, port and account."""
        return EmulatorSettings(state=self.state, port=self.port, account=self.account, region=self.region)

    def variables(self, engine: ContainerEngine) -> dict[str, str]:
        """What leads `cdk` and boto3 to the emulated AWS, and docker to the engine and its registry."""
        endpoint = self.emulator.endpoint
        engine_variables = engine.environment()
        path = engine_variables.get("PATH", os.environ.get("PATH", os.defpath))
        return {
            **engine_variables,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), path]),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ACCESS_KEY_ID": self.account,  # ministack takes twelve digits as the account
            "AWS_SECRET_ACCESS_KEY": Keys.read(self.emulator).secret,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **past_proxies(os.environ),
            "CDK_DOCKER": str(CDK_DOCKER),
            "LOCAL_AWS_PYTHON": sys.executable,
            "LOCAL_AWS_DOCKER": str(engine.docker),
            "LOCAL_AWS_REGISTRY_PORT": str(self.port),
            "LOCAL_AWS_BUILD_ARGUMENTS": json.dumps(pip_secrets(self.state)),
            "LOCAL_AWS_STAND_INS": json.dumps(self.stand_ins),
        }

    def process_environment(
        self, engine: ContainerEngine, inherited: Mapping[str, str] = os.environ
    ) -> dict[str, str]:
        """The whole environment for a command: the caller's without what misleads, and `variables`."""
        kept = {k: v for k, v in inherited.items() if not k.startswith(MISLEADING)}
        return {**kept, **self.variables(engine)}

    def client(self, service: str) -> Any:
        """A boto3 client of the emulated AWS, whatever the caller's own environment says."""
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name=self.region,
            aws_access_key_id=self.account,
            aws_secret_access_key=Keys.read(self.emulator).secret,
        )


def past_proxies(inherited: Mapping[str, str]) -> dict[str, str]:
    """What keeps clients from asking the user's proxy for loopback, in both spellings that are in use."""
    own = inherited.get("NO_PROXY") or inherited.get("no_proxy") or ""
    value = ",".join(filter(None, [own, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": value, "no_proxy": value}


def ensure_emulator(env: LocalEnvironment, engine: ContainerEngine, say: Callable[[str], None]) -> None:
    """Start the emulated AWS unless it runs; its state is that of the last run."""
    ensure_sandbox(say)
    ensure_node_modules(say)
    process.ensure_running(env.emulator, engine.environment(), say)


def stop_emulator(env: LocalEnvironment) -> None:
    """Stop the emulated AWS, if it runs; its state is kept."""
    process.stop(env.emulator)


def ensure_bootstrapped(
    env: LocalEnvironment,
    engine: ContainerEngine,
    *,
    cdk: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Run `cdk bootstrap` once; `cdk` is the command of the pinned CLI."""
    if is_bootstrapped(env):
        return
    target = f"aws://{env.account}/{env.region}"
    say(f"bootstrapping {target} of the local AWS")
    # In an empty folder: beside a cdk.json the CLI would run the app to bootstrap its environments.
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [*cdk, "bootstrap", target],
            cwd=folder,
            env=env.process_environment(engine),
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode != 0 or not is_bootstrapped(env):
        raise LocalError(f"cdk bootstrap {target} of the local AWS failed:\n{result.stdout}{result.stderr}")


def is_bootstrapped(env: LocalEnvironment) -> bool:
    """Whether the bootstrap stack stands."""
    client = env.client("cloudformation")
    try:
        (stack,) = client.describe_stacks(StackName="CDKToolkit")["Stacks"]
    except ClientError:
        return False
    return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def local_url(load_balancer_dns_name: str, port: int) -> str:
    """The plain address under which the emulator forwards to a load balancer's targets.

    `<name>-<8 hex>.<region>.elb.amazonaws.com` is ministack's DNS name, and `/_alb/<name>` its path.
    """
    name = load_balancer_dns_name.split(".", 1)[0].rsplit("-", 1)[0]
    return f"http://127.0.0.1:{port}/_alb/{name}"
