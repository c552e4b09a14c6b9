"""A deployed function sees little of its machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cdk_local_aws.emulator.sandbox import USER, Sandbox, sandbox
from cdk_local_aws.emulator.settings import EmulatorSettings
from tests.local.emulator.aws import ACCOUNT, Aws, zipped

CURIOUS = """
import os, pathlib, sys
def attempt(action):
    try:
        return repr(action())
    except OSError as error:
        return type(error).__name__
def handler(event, context):
    import boto3
    return {
        "user": os.getuid(),
        "compiled modules": sys.pycache_prefix,
        "rights": pathlib.Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0],
        "secret": attempt(lambda: open(event["secret"]).read()),
        "home": attempt(lambda: os.listdir(event["home"])),
        "shadow": attempt(lambda: open("/etc/shadow").read()),
        "emulator": attempt(lambda: open(f"/proc/{event['pid']}/environ").read()),
        "code": attempt(lambda: open("app.py", "a").write("changed")),
        "scratch": attempt(lambda: open("/tmp/mine", "w").write("mine")),
        "buckets": type(boto3.client("s3").list_buckets()["Buckets"]).__name__,
    }
"""


def test_a_function_sees_its_code_and_the_local_aws_only(aws: Aws, settings: EmulatorSettings) -> None:
    if sandbox().bwrap is None:
        pytest.fail("bubblewrap does not run here")
    name, client = aws.name("curious"), aws.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="app.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Code={"ZipFile": zipped("app.py", CURIOUS)},
    )
    pid = json.loads((settings.folder / "process.json").read_text())["pid"]
    event = {"secret": str(settings.secret_file), "home": str(Path.home() / ".ssh"), "pid": pid}
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
    saw: dict[str, Any] = json.loads(answer["Payload"].read())
    assert saw.pop("user") == (USER if os.geteuid() == 0 else os.getuid())
    assert saw == {
        "compiled modules": None,  # beside the sources; `make test` has a folder that it does not see
        "rights": "0000000000000000",
        "secret": "FileNotFoundError",
        "home": "FileNotFoundError",
        "shadow": "FileNotFoundError",
        "emulator": "PermissionError",
        "code": "PermissionError" if os.geteuid() == 0 else "OSError",  # read-only, as /var/task is
        "scratch": "4",
        "buckets": "list",
    }


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            Sandbox("/usr/bin/bwrap", root=True),
            "in a sandbox that hides your files, as a user without rights",
        ),
        (Sandbox("/usr/bin/bwrap", root=False), "in a sandbox that hides your files, as the current user"),
    ],
)
def test_the_user_reads_how_functions_run(made: Sandbox, said: str) -> None:
    assert made.describe() == said
