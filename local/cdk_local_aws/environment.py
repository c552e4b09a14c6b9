"""Starts the emulated AWS, and makes the environment variables for commands that use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from cdk_local_aws.build_secrets import pip_secrets
from cdk_local_aws.emulator import process
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.node_modules import ensure_node_modules
from cdk_local_aws.emulator.sandbox import ensure_sandbox
from cdk_local_aws.emulator.settings import EmulatorSettings
from cdk_local_aws.engine import Engine
from cdk_local_aws.errors import LocalError

CDK_DOCKER = Path(__file__).with_name("cdk-docker")

# Commands do not get these variables of the user's shell: credentials and profiles for real AWS, and every variable
# that the CDK CLI reads as an option.
MISLEADING = ("AWS_", "CDK_")


@dataclass(frozen=True)
class LocalEnvironment:
    """The emulated AWS of one folder and port, for one account and region.

    stand_ins: names of the public images that have stand-ins. Builds use these and ignore the digests and mirrors of the
        app.
    """

    state: Path
    port: int
    account: str = "000000000000"
    region: str = "us-east-1"
    stand_ins: tuple[str, ...] = ()

    @property
    def emulator(self) -> EmulatorSettings:
        """The emulator's settings; raises ValueError for an invalid folder, port or account."""
        return EmulatorSettings(state=self.state, port=self.port, account=self.account, region=self.region)

    def variables(self, engine: Engine) -> dict[str, str]:
        """Return the variables that lead `cdk` and boto3 to the emulated AWS, and docker to the engine and registry."""
        endpoint = self.emulator.endpoint
        engine_variables = engine.environment()
        path = engine_variables.get("PATH", os.environ.get("PATH", os.defpath))
        return {
            **engine_variables,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), path]),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ACCESS_KEY_ID": self.account,  # ministack reads the account from it
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
        self, engine: Engine, inherited: Mapping[str, str] = os.environ
    ) -> dict[str, str]:
        """Return the environment of a command: the caller's without misleading variables, and `variables`."""
        kept = {k: v for k, v in inherited.items() if not k.startswith(MISLEADING)}
        return {**kept, **self.variables(engine)}

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulated AWS, which ignores the caller's environment."""
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name=self.region,
            aws_access_key_id=self.account,
            aws_secret_access_key=Keys.read(self.emulator).secret,
        )


def past_proxies(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return NO_PROXY with loopback added, in both spellings that clients read."""
    own = inherited.get("NO_PROXY") or inherited.get("no_proxy") or ""
    value = ",".join(filter(None, [own, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": value, "no_proxy": value}


def ensure_emulator(env: LocalEnvironment, engine: Engine, say: Callable[[str], None]) -> None:
    """Start the emulated AWS with the state of its last run, unless it runs."""
    ensure_sandbox(say)
    ensure_node_modules(say)
    process.ensure_running(env.emulator, engine.environment(), say)


def stop_emulator(env: LocalEnvironment) -> None:
    """Stop the emulated AWS, if it runs, and keep its state."""
    process.stop(env.emulator)


def ensure_bootstrapped(
    env: LocalEnvironment,
    engine: Engine,
    *,
    cdk: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Run `cdk bootstrap`, unless it was run. cdk: command of the CLI. Raises LocalError if it fails."""
    if is_bootstrapped(env):
        return
    target = f"aws://{env.account}/{env.region}"
    say(f"bootstrapping {target} of the local AWS")
    # In a folder with a cdk.json the CLI would run the app, to bootstrap its environments.
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
    """Return whether the bootstrap stack is deployed."""
    client = env.client("cloudformation")
    try:
        (stack,) = client.describe_stacks(StackName="CDKToolkit")["Stacks"]
    except ClientError:
        return False
    return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def local_url(load_balancer_dns_name: str, port: int) -> str:
    """Return the emulator's address of a load balancer, whose DNS name is `<name>-<8 hex>.<region>.elb.amazonaws.com`."""
    name = load_balancer_dns_name.split(".", 1)[0].rsplit("-", 1)[0]
    return f"http://127.0.0.1:{port}/_alb/{name}"
