"""`scoped-images build` of images on one base: failures, caches, registries with moods, and what it downloads."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.bake import build, command
from tests.e2e.deployment import Deployment
from tests.e2e.images_on_a_base import REGISTRY, images_on_a_base
from tests.e2e.places import NewDeployment
from tests.e2e.registry_proxy import registry_proxy

pytestmark = pytest.mark.e2e

FOUR = ["RUN cat /base.txt\nCOPY file.txt /i.txt"] * 4


@pytest.fixture(scope="module")
def deployment(new_deployment: NewDeployment) -> Deployment:
    """An AWS without a stack, and an empty engine."""
    return new_deployment("graph")


def test_of_several_images_only_the_failing_one_is_missing(deployment: Deployment, tmp_path: Path) -> None:
    steps = [*FOUR]
    steps[2] = "RUN echo the cause; exit 3"
    report = build(deployment, "--app", str(images_on_a_base(deployment, tmp_path / "one", steps)), code=1)
    assert len(report["failed"]) == 1, report["failed"]
    (failed,) = report["failed"]
    assert (failed["image"], failed["step"], failed["log"]) == (
        "i2",
        "RUN echo the cause; exit 3",
        ["the cause"],
    )
    assert failed["error"].endswith("did not complete successfully: exit code: 3")
    assert report["not_built"] == []
    assert len(report["pushed"]) == 4
    for tag, digest in report["pushed"].items():
        repository, _, name = tag.removeprefix(f"{REGISTRY}/").partition(":")
        assert deployment.tags(repository)[name] == digest


def test_a_registry_that_refuses_caches_fails_no_build(deployment: Deployment, tmp_path: Path) -> None:
    app = images_on_a_base(deployment, tmp_path / "two", FOUR[:2])
    with registry_proxy(deployment.env.port, refuse="/manifests/cache-") as proxy:
        report = build(deployment, "--app", str(app), LOCAL_AWS_REGISTRY_PORT=str(proxy.server_port))
        assert proxy.refused
    assert (len(report["pushed"]), report["failed"]) == (3, [])


def test_a_terminal_shows_what_each_image_does(deployment: Deployment, tmp_path: Path) -> None:
    app = images_on_a_base(deployment, tmp_path / "three", ["RUN sleep 1"])
    leader, follower = pty.openpty()
    with subprocess.Popen(
        command("--app", str(app)),
        env=deployment.variables() | {"TERM": "xterm", "COLUMNS": "150"},
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
    ) as process:
        os.close(follower)
        shown = b""
        # Linux answers EIO when the other end is closed.
        with contextlib.suppress(OSError):
            while block := os.read(leader, 65536):
                shown += block
        assert process.stdout is not None
        assert process.stdout.read().splitlines() == built("three")
    os.close(leader)
    assert process.returncode == 0
    screen = shown.decode()
    assert "Asking ECR" in screen
    assert re.search(r"i0.*RUN sleep 1", screen), screen


def test_on_a_slow_registry_a_pipe_gets_only_the_result(deployment: Deployment, tmp_path: Path) -> None:
    app = images_on_a_base(deployment, tmp_path / "four", ["RUN true"])
    with registry_proxy(deployment.env.port, delay=0.3) as proxy:
        done = subprocess.run(
            command("--app", str(app)),
            env=deployment.variables() | {"LOCAL_AWS_REGISTRY_PORT": str(proxy.server_port)},
            capture_output=True,
            text=True,
            check=True,
        )
    assert (done.stdout.splitlines(), done.stderr) == (built("four"), "")


def built(folder: str) -> list[str]:
    """The result of an assembly in this folder with one image."""
    return [
        f"built: base: {REGISTRY}/base:sha-{folder}",
        f"built: i0: {REGISTRY}/i0:sha-{folder}",
        "2 images built, 0 failed, 0 not built, 0 in the registry already.",
    ]


def test_an_empty_builder_takes_a_step_from_the_registry_cache(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The step would write another file each time."""
    app = images_on_a_base(deployment, tmp_path / "five", ["RUN date +%N > /when"])
    build(deployment, "--app", str(app))
    runs = []
    # The first of them writes a cache of the image on a base that is in the registry.
    for _ in range(2):
        forget(deployment, "five", "i0")
        assert build(deployment, "--app", str(app))["pushed"].keys() == {f"{REGISTRY}/i0:sha-five"}
        runs.append(layers(deployment, "i0", "sha-five"))
    assert runs[0] == runs[1]


def test_linked_copies_do_not_download_the_base(deployment: Deployment, tmp_path: Path) -> None:
    """A step that runs does: so the test could fail."""
    app = images_on_a_base(deployment, tmp_path / "six", ["COPY --link file.txt /i.txt", "RUN true"])
    build(deployment, "--app", str(app))
    downloads = {}
    for name in ("i0", "i1"):
        forget(deployment, "six", name)
        with registry_proxy(deployment.env.port) as proxy:
            report = build(deployment, "--app", str(app), LOCAL_AWS_REGISTRY_PORT=str(proxy.server_port))
            assert report["pushed"].keys() == {f"{REGISTRY}/{name}:sha-six"}
            downloads[name] = {
                digest for digest in layers(deployment, "base", "sha-six") if digest in proxy.blobs
            }
    own = layers(deployment, "base", "sha-six")[-1]
    assert downloads == {"i0": set(), "i1": {own}}


def layers(deployment: Deployment, repository: str, tag: str) -> list[str]:
    """Digests of the layers of an image, lowest first."""
    manifest = deployment.manifest(repository, deployment.tags(repository)[tag])
    return [layer["digest"] for layer in manifest["layers"]]


def forget(deployment: Deployment, folder: str, *repositories: str) -> None:
    """Delete images of an assembly, and all that the engine has."""
    for name in repositories:
        image = {"imageTag": f"sha-{folder}"}
        deployment.client("ecr").batch_delete_image(repositoryName=name, imageIds=[image])
    deployment.empty_engine()
