"""The emulator's process is found again and stops clean, and its state outlives stops and crashes."""

import json
import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cdk_local_aws.emulator import process
from cdk_local_aws.emulator.settings import EmulatorSettings
from cdk_local_aws.errors import LocalError
from tests.free_port import free_port
from tests.local.emulator.aws import NO_ENGINE, Aws
from tests.local.emulator.registry_client import digest_of
from tests.local.waiting import wait_until


@pytest.fixture
def settings() -> Iterator[EmulatorSettings]:
    """The settings of a new emulator, which is stopped after the test."""
    settings = EmulatorSettings(state=Path(tempfile.mkdtemp(prefix="process-")), port=free_port())
    yield settings
    process.stop(settings)
    shutil.rmtree(settings.state)


def start(settings: EmulatorSettings) -> list[str]:
    """Start the emulator and return what it reported."""
    said: list[str] = []
    process.ensure_running(settings, NO_ENGINE, said.append)
    return said


def pid(settings: EmulatorSettings) -> int:
    running = process.find(settings)
    assert running is not None
    return running.pid


def fill(settings: EmulatorSettings) -> str:
    """Push an image, put an object and a parameter, and return the image's digest."""
    aws = Aws.of(settings)
    aws.client("ecr").create_repository(repositoryName="kept")
    aws.client("s3").create_bucket(Bucket="kept")
    aws.client("s3").put_object(Bucket="kept", Key="key", Body=b"object")
    aws.client("ssm").put_parameter(Name="kept", Value="value", Type="String")
    return Aws.of(settings).registry.push("kept", "one", b"layer" * 1000)


def assert_filled(settings: EmulatorSettings, digest: str) -> None:
    aws, registry = Aws.of(settings), Aws.of(settings).registry
    assert aws.client("ssm").get_parameter(Name="kept")["Parameter"]["Value"] == "value"
    assert aws.client("s3").get_object(Bucket="kept", Key="key")["Body"].read() == b"object"
    manifest = registry.call("GET", "/v2/kept/manifests/one")
    assert digest_of(manifest.body) == digest
    layer = registry.call("GET", f"/v2/kept/blobs/{digest_of(b'layer' * 1000)}")
    assert layer.body == b"layer" * 1000


def test_a_second_start_finds_the_first(settings: EmulatorSettings) -> None:
    assert start(settings) == [f"starting the local AWS (ministack 1.5.33) on {settings.endpoint}"]
    first = pid(settings)
    assert start(settings) == []
    assert pid(settings) == first


def test_two_starts_at_once_make_one_emulator(settings: EmulatorSettings) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        said = pool.map(start, [settings, settings])
    assert sorted(len(lines) for lines in said) == [0, 1]


def test_state_outlives_a_stop(settings: EmulatorSettings) -> None:
    start(settings)
    digest = fill(settings)
    process.stop(settings)
    assert process.find(settings) is None
    start(settings)
    assert_filled(settings, digest)


def test_state_outlives_a_crash_that_comes_after_a_checkpoint(settings: EmulatorSettings) -> None:
    start(settings)
    digest = fill(settings)
    services = settings.folder / "services"
    saved = {services / "ecr.json": digest, services / "ssm.json": "kept", services / "s3.json": "kept"}
    wait_until(lambda: all(file.exists() and word in file.read_text() for file, word in saved.items()))
    os.kill(pid(settings), signal.SIGKILL)
    start(settings)
    assert_filled(settings, digest)


def test_an_upload_that_a_crash_interrupted_leaves_no_file(settings: EmulatorSettings) -> None:
    start(settings)
    repository, registry = Aws.of(settings).repository(), Aws.of(settings).registry
    begun = registry.call("POST", f"/v2/{repository}/blobs/uploads/", b"")
    assert registry.call("PATCH", begun.headers["location"], b"half").status == 202
    uploads = settings.registry / "uploads"
    assert len(list(uploads.iterdir())) == 1
    os.kill(pid(settings), signal.SIGKILL)
    start(settings)
    assert list(uploads.iterdir()) == []


def test_a_stack_that_a_stop_interrupted_can_be_deployed_again(settings: EmulatorSettings) -> None:
    start(settings)
    cloudformation = Aws.of(settings).client("cloudformation")
    waiting = {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Condition": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "600"},
        },
    }
    cloudformation.create_stack(StackName="cut-off", TemplateBody=json.dumps({"Resources": waiting}))
    began = time.monotonic()
    process.stop(settings)
    assert time.monotonic() - began < 10, "it waited for a thread that waits for ten minutes"
    start(settings)
    cloudformation = Aws.of(settings).client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="cut-off")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack["StackStatusReason"] == "The local AWS was stopped during CREATE_IN_PROGRESS"


def test_other_settings_start_it_again(settings: EmulatorSettings) -> None:
    start(settings)
    said: list[str] = []
    first = pid(settings)
    process.ensure_running(settings, {"DOCKER_HOST": "unix:///nonexistent/other.sock"}, said.append)
    assert said[0] == "the local AWS was started with other settings: starting it again"
    assert pid(settings) != first


def test_a_port_in_use_is_named(settings: EmulatorSettings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen()
        with pytest.raises(LocalError) as caught:
            start(settings)
    assert str(caught.value) == (
        f"port {settings.port} on 127.0.0.1 is in use by another program, and the local AWS needs it. "
        "Stop that program, or choose another port."
    )


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc")
def test_it_listens_only_on_loopback(settings: EmulatorSettings) -> None:
    start(settings)
    sockets = set()
    for descriptor in Path(f"/proc/{pid(settings)}/fd").iterdir():
        with suppress(FileNotFoundError):  # a connection that ended meanwhile
            sockets.add(str(descriptor.readlink()))
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in sockets
    ]
    assert {address.split(":")[0] for address in listening} == {"0100007F"}
    assert len(listening) == 2  # the gateway and the TLS front


def test_settings_check_themselves() -> None:
    with pytest.raises(ValueError, match="account: not twelve digits, got '123'"):
        EmulatorSettings(state=Path("/state"), port=4566, account="123")
    with pytest.raises(ValueError, match="port: not between 1024 and 65535, got 80"):
        EmulatorSettings(state=Path("/state"), port=80)
    with pytest.raises(ValueError, match="state: not an absolute path, got 'relative'"):
        EmulatorSettings(state=Path("relative"), port=4566)
