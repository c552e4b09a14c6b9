"""Makes the environment of a build of the emulated CodeBuild."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.core.responses import get_account_id, get_region

from cdk_local_aws.build_secrets import pip_secrets
from cdk_local_aws.client_config import write_client_config
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.settings import EmulatorSettings

PROGRAMS = Path(__file__).resolve().parents[1] / "build_programs"

# A build inherits these from the emulator.
KEPT = ("DOCKER_BUILDKIT", "BUILDX_BUILDER", "BUILDX_CONFIG", "LANG", "TMPDIR")


@dataclass(frozen=True)
class BuildEnvironment:
    """The environment of the builds of one emulator."""

    settings: EmulatorSettings
    keys: Keys

    def variables(self, build: dict[str, Any], folder: Path) -> dict[str, str]:
        """Return the variables of a build: CodeBuild's, the local registry's, and keys of the emulated AWS.

        https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
        """
        home = folder / "home"
        home.mkdir()
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {
            **kept,
            "DOCKER_HOST": f"unix://{self.settings.build_socket}",
            "HOME": str(home),
            "PATH": os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)]),
            # Builds do not share their logins.
            "DOCKER_CONFIG": str(write_client_config(home / ".docker", plugin_folders=_plugin_folders())),
            "CODEBUILD_BUILD_ID": build["id"],
            "CODEBUILD_BUILD_ARN": build["arn"],
            "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
            "CODEBUILD_BUILD_IMAGE": build["environment"].get("image", ""),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": build["initiator"],
            "CODEBUILD_LOG_PATH": build["logs"]["streamName"],
            "CODEBUILD_SRC_DIR": str(folder / "src"),
            "CODEBUILD_START_TIME": str(build["startTime"] * 1000),
            "AWS_REGION": get_region(),
            "AWS_DEFAULT_REGION": get_region(),
            "AWS_ACCESS_KEY_ID": get_account_id(),
            "AWS_SECRET_ACCESS_KEY": self.keys.secret,
            "AWS_ENDPOINT_URL": self.settings.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "LOCAL_AWS_PYTHON": sys.executable,
            "LOCAL_AWS_DOCKER": shutil.which("docker") or "docker",
            "LOCAL_AWS_REGISTRY_PORT": str(self.settings.port),
            "LOCAL_AWS_BUILD_ARGUMENTS": json.dumps(pip_secrets(home)),
        }

    def seen(self) -> list[Path]:
        """Return what builds see beside their own folder: this package, docker with its plugins, and its socket."""
        docker = shutil.which("docker")
        programs = [Path(docker).resolve().parent] if docker else []
        builders = [Path(os.environ["BUILDX_CONFIG"])] if "BUILDX_CONFIG" in os.environ else []
        return [PROGRAMS.parent, *programs, *_plugin_folders(), *builders, self.settings.build_socket]


def _plugin_folders() -> list[Path]:
    """Return the folders in which the engine's client finds buildx."""
    file = Path(os.environ.get("DOCKER_CONFIG", "")) / "config.json"
    try:
        return [Path(folder) for folder in json.loads(file.read_text()).get("cliPluginsExtraDirs", [])]
    except OSError:
        return []
