"""The emulator's process is found again and stops clean, and its state outlives stops and crashes."""

import json
import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
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
from tests.local.emulator.stacks import ref, resource
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


def test_a_second_start_finds_the_first_unless_its_settings_differ(settings: EmulatorSettings) -> None:
    assert start(settings) == [f"starting the local AWS (ministack 1.5.33) on {settings.endpoint}"]
    first = pid(settings)
    assert start(settings) == []
    assert pid(settings) == first
    if Path("/proc/net/tcp").exists():
        assert listening_addresses(first) == ["0100007F", "0100007F"], "the gateway and the TLS front"
    said: list[str] = []
    process.ensure_running(settings, {"DOCKER_HOST": "unix:///nonexistent/other.sock"}, said.append)
    assert said[0] == "the local AWS was started with other settings: starting it again"
    assert pid(settings) != first


def listening_addresses(pid: int) -> list[str]:
    """Return the addresses on which a process listens, in the kernel's notation (proc_net_tcp(5))."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # a connection that has just ended
            sockets.add(str(descriptor.readlink()))
    return [
        line.split()[1].split(":")[0]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in sockets
    ]


def test_two_starts_at_once_make_one_emulator(settings: EmulatorSettings) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        said = pool.map(start, [settings, settings])
    assert sorted(len(lines) for lines in said) == [0, 1]


def test_state_outlives_a_stop_which_ends_the_operations_of_stacks(settings: EmulatorSettings) -> None:
    start(settings)
    digest = fill(settings)
    cloudformation = Aws.of(settings).client("cloudformation")
    handle = resource("CloudFormation::WaitConditionHandle")
    condition = resource("CloudFormation::WaitCondition", Handle=ref("Handle"), Timeout="600")
    template = {"Resources": {"Handle": handle, "Condition": condition}}
    cloudformation.create_stack(StackName="cut-off", TemplateBody=json.dumps(template))
    # Not process.stop, which kills a process that waits for its threads: one waits for ten minutes.
    os.kill(pid(settings), signal.SIGTERM)
    wait_until(lambda: process.find(settings) is None)
    start(settings)
    assert_filled(settings, digest)
    (stack,) = Aws.of(settings).client("cloudformation").describe_stacks(StackName="cut-off")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack["StackStatusReason"] == "The local AWS was stopped during CREATE_IN_PROGRESS"


def test_state_outlives_a_crash_that_comes_after_a_checkpoint_but_an_upload_does_not(
    settings: EmulatorSettings,
) -> None:
    start(settings)
    digest = fill(settings)
    registry, uploads = Aws.of(settings).registry, settings.registry / "uploads"
    begun = registry.call("POST", "/v2/kept/blobs/uploads/", b"")
    assert registry.call("PATCH", begun.headers["location"], b"half").status == 202
    assert len(list(uploads.iterdir())) == 1
    services = settings.folder / "services"
    saved = {services / "ecr.json": digest, services / "ssm.json": "kept", services / "s3.json": "kept"}
    wait_until(lambda: all(file.exists() and word in file.read_text() for file, word in saved.items()))
    os.kill(pid(settings), signal.SIGKILL)
    start(settings)
    assert_filled(settings, digest)
    assert list(uploads.iterdir()) == []


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


def test_settings_check_themselves() -> None:
    with pytest.raises(ValueError, match="account: not twelve digits, got '123'"):
        EmulatorSettings(state=Path("/state"), port=4566, account="123")
    with pytest.raises(ValueError, match="port: not between 1024 and 65535, got 80"):
        EmulatorSettings(state=Path("/state"), port=80)
    with pytest.raises(ValueError, match="state: not an absolute path, got 'relative'"):
        EmulatorSettings(state=Path("relative"), port=4566)
