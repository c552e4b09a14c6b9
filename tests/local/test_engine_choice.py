"""The engine that a machine uses, and the error if there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdk_local_aws.engine import Machine, choose
from cdk_local_aws.errors import LocalError
from cdk_local_aws.own_docker import Builder, OwnDocker, find_own_docker, parse_builder, shortcoming

GOOD = OwnDocker(
    docker=Path("/usr/bin/docker"),
    host="unix:///var/run/docker.sock",
    containerd_store=True,
    rootless=False,
    plugins={"buildx": Path("/usr/libexec/docker/cli-plugins/docker-buildx")},
)
OLD_STORE = replace(GOOD, containerd_store=False)
NONE = "docker is not on PATH"
DEBIAN_ROOT = Machine(system="Linux", distribution="debian", root=True)
DEBIAN_USER = Machine(system="Linux", distribution="debian", root=False)
UBUNTU_ROOT = Machine(system="Linux", distribution="ubuntu", root=True)
MAC = Machine(system="Darwin", distribution="", root=False)
BUILDX_DESCRIPTION = """\
Name:          x1
Driver:        docker-container
Last Activity: 2026-11-20 14:47:18 +0000 UTC

Nodes:
Name:                  x10
Endpoint:              unix:///var/run/docker.sock
Driver Options:        default-load="true" network="host"
Status:                inactive
"""


@pytest.mark.parametrize("machine", [DEBIAN_ROOT, DEBIAN_USER, UBUNTU_ROOT, MAC])
def test_a_usable_docker_of_the_user_is_used_everywhere(machine: Machine) -> None:
    assert choose(GOOD, machine) is GOOD


@pytest.mark.parametrize("own", [NONE, OLD_STORE])
def test_debian_as_root_falls_back_to_a_private_engine(own: OwnDocker | str) -> None:
    assert choose(own, DEBIAN_ROOT) is None


@pytest.mark.parametrize(
    ("own", "machine", "message"),
    [
        (NONE, MAC, "docker is not on PATH.\nInstall and start Docker Desktop, and turn on"),
        (OLD_STORE, MAC, "cannot export a registry cache.\nInstall and start Docker Desktop"),
        (NONE, UBUNTU_ROOT, "where it sets up a private engine (this is ubuntu, root)."),
        (NONE, DEBIAN_USER, "where it sets up a private engine (this is debian, not root)."),
        (
            OLD_STORE,
            DEBIAN_USER,
            '{"features": {"containerd-snapshotter": true}} into /etc/docker/daemon.json',
        ),
    ],
)
def test_elsewhere_the_message_says_what_to_install_or_turn_on(
    own: OwnDocker | str, machine: Machine, message: str
) -> None:
    with pytest.raises(LocalError) as raised:
        choose(own, machine)
    assert str(raised.value).startswith("no usable container engine: ")
    assert message in str(raised.value)


def test_windows_is_refused_even_with_a_usable_docker() -> None:
    with pytest.raises(LocalError, match="runs on Linux and macOS only, got Windows; use such a machine"):
        choose(GOOD, Machine(system="Windows", distribution="", root=False))


@pytest.mark.parametrize(
    ("own", "why"),
    [
        (
            replace(GOOD, host="tcp://10.0.0.7:2376"),
            "your Docker at tcp://10.0.0.7:2376 is on another machine",
        ),
        (replace(GOOD, host="ssh://box"), "your Docker at ssh://box is on another machine"),
        (replace(GOOD, rootless=True), "your Docker is rootless"),
        (replace(GOOD, plugins={}), "your Docker has no buildx plugin"),
        (OLD_STORE, "your Docker does not use the containerd image store"),
        (
            replace(OLD_STORE, builder=Builder("default", "docker")),
            "your Docker does not use the containerd image store",
        ),
        (
            replace(GOOD, builder=Builder("mine", "docker-container", frozenset({"network=host"}))),
            "BUILDX_BUILDER names 'mine', a builder with driver 'docker-container' and options ['network=host']",
        ),
        (replace(GOOD, builder=Builder("far", "remote")), "BUILDX_BUILDER names 'far'"),
    ],
)
def test_an_unusable_docker_is_reported_with_the_reason(own: OwnDocker, why: str) -> None:
    assert (shortcoming(own) or "").startswith(why)


def test_a_container_builder_on_the_hosts_network_that_loads_images_is_usable_with_the_old_store() -> None:
    builder = parse_builder("x1", BUILDX_DESCRIPTION)
    assert builder == Builder("x1", "docker-container", frozenset({"default-load=true", "network=host"}))
    assert shortcoming(replace(OLD_STORE, builder=builder)) is None


def test_a_docker_without_an_engine_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Docker 26 exits with 0 and describes its client; Docker 28 exits with 1."""
    docker = tmp_path / "docker"
    docker.write_text("""#!/bin/sh\necho '{"ServerVersion": "", "ServerErrors": ["nobody is there"]}'\n""")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_own_docker() == f"{docker} reaches no engine: nobody is there"
