"""A chain of three bases and a diamond of four, built in order in one bake, and by the CLI under the same tags."""

from __future__ import annotations

import base64
import hashlib
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from tests.e2e.bake import build, command
from tests.e2e.deployment import Deployment
from tests.e2e.graph import ALL, assert_built_from_bases, asset, change, names
from tests.e2e.places import NewDeployment
from tests.e2e.registry_proxy import registry_proxy
from tests.e2e.remote_builder import remote_builder

pytestmark = pytest.mark.e2e

# By image: its content tags, and its files with kind, mode, owner and content.
Baked = dict[str, tuple[set[str], dict[str, tuple[object, ...]]]]


@pytest.fixture(scope="module")
def deployment(new_deployment: NewDeployment) -> Deployment:
    """The graph app, of which nothing is deployed."""
    return new_deployment("graph")


def test_a_build_names_the_stack_to_deploy_first_and_a_dry_run_each_image(deployment: Deployment) -> None:
    assert build(deployment, "-c", "env=local", code=3)["deploy_first"] == ["graph-local-repositories"]
    deployment.cdk("deploy", "graph-local-repositories", "--require-approval", "never", "--app", "cdk.out")
    report = build(deployment, "--app", "cdk.out", "--dry-run")
    assert names([each["image"] for each in report["build"]]) == ALL
    assert not any(content_tags(deployment, name) for name in ALL)


def test_a_killed_build_leaves_whole_images_and_no_login(deployment: Deployment, tmp_path: Path) -> None:
    with registry_proxy(deployment.env.port, delay=0.2) as proxy:
        running = subprocess.Popen(
            command("--app", "cdk.out"),
            cwd=deployment.project,
            env=deployment.variables()
            | {"LOCAL_AWS_REGISTRY_PORT": str(proxy.server_port), "TMPDIR": str(tmp_path)},
            stdout=subprocess.DEVNULL,
        )
        pushed = wait_for_a_tag(deployment)
        assert list(tmp_path.iterdir()), "the login is there while it builds"
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert len(pushed) < len(ALL)
    deployment.empty_engine()
    for name in pushed:
        # Every layer is there.
        pull(deployment, name)


def wait_for_a_tag(deployment: Deployment) -> set[str]:
    for _ in range(600):
        found = {name for name in ALL if content_tags(deployment, name)}
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("nothing was pushed")


def content_tags(deployment: Deployment, name: str) -> dict[str, str]:
    repository = f"{name}-local" if name in ("tail", "peak") else f"base-{name}-local"
    return {tag: d for tag, d in deployment.tags(repository).items() if tag.startswith("sha-")}


def test_chain_and_diamond_are_built_in_one_bake_after_a_killed_build(deployment: Deployment) -> None:
    """What is in the registry since the killed build is not built again."""
    deployment.empty_engine()
    there = {name for name in ALL if content_tags(deployment, name)}
    report = build(deployment)
    assert names([each["image"] for each in report["build"]]) == ALL - there
    assert (report["failed"], report["not_built"]) == ([], [])
    assert_built_from_bases(deployment)
    recorded = (deployment.project.parent / "recorded-builds").read_text().splitlines()
    assert len([line for line in recorded if line.startswith("buildx bake")]) <= 2  # the killed one too


def test_where_nothing_is_missing_neither_a_build_nor_a_deploy_builds(deployment: Deployment) -> None:
    before = deployment.digests()
    report = build(deployment)
    assert (report["build"], report["pushed"]) == ([], {})
    assert names(report["present"]) == ALL
    assert deployment.deploy("--concurrency", "4") == []
    assert deployment.digests() == before


@pytest.fixture(scope="module")
def baked(deployment: Deployment) -> Baked:
    """The tags and files of the images that bake has built with the engine's own builder."""
    return tags_and_files(deployment)


def test_the_cli_builds_the_same_in_order_at_once_and_with_a_slow_registry(
    deployment: Deployment, baked: Baked
) -> None:
    delete_images(deployment)
    with registry_proxy(deployment.env.port, delay=0.3) as proxy:
        deployment.registry_port = proxy.server_port
        built = deployment.deploy("--app", "cdk.out", "--asset-build-concurrency", "4", "--concurrency", "4")
    deployment.registry_port = None
    assert names(built) == ALL
    assert_built_from_bases(deployment)
    assert tags_and_files(deployment) == baked


@pytest.mark.nightly
def test_a_remote_builder_builds_the_same_files_under_the_same_tags(
    deployment: Deployment, baked: Baked
) -> None:
    delete_images(deployment)
    with remote_builder(deployment) as name:
        report = build(deployment, "--app", "cdk.out", "--builder", name)
    assert names([each["image"] for each in report["build"]]) == ALL
    assert tags_and_files(deployment) == baked


def test_a_deploy_builds_what_has_changed_what_is_built_on_it_and_a_deleted_base(
    deployment: Deployment,
) -> None:
    """The deleted base comes back under its tag, before what is built on it."""
    (place,) = deployment.destinations(asset("two"))
    tag = place["imageTag"]
    deployment.client("ecr").batch_delete_image(repositoryName="base-two-local", imageIds=[{"imageTag": tag}])
    assert tag not in deployment.tags("base-two-local")
    change(deployment, "three")
    dockerfile = deployment.project / "meeting.Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "LABEL changed=1\n")
    deployment.empty_engine()
    assert names(deployment.deploy()) == {"two", "three", "tail", "top", "peak"}
    assert tag in deployment.tags("base-two-local")
    assert_built_from_bases(deployment)


def delete_images(deployment: Deployment) -> None:
    """Delete every image of the app from the registry and from the engine."""
    for name in ALL:
        for place in deployment.destinations(asset(name)):
            deployment.client("ecr").batch_delete_image(
                repositoryName=place["repositoryName"], imageIds=[{"imageTag": place["imageTag"]}]
            )
    deployment.empty_engine()


def tags_and_files(deployment: Deployment) -> Baked:
    """The content tags and the files of the images that nothing is built from."""
    return {name: (set(content_tags(deployment, name)), files(deployment, name)) for name in ("tail", "peak")}


def pull(deployment: Deployment, name: str) -> str:
    """Pull an image of the app from the registry."""
    (place,) = deployment.destinations(asset(name))
    registry = f"127.0.0.1:{deployment.env.port}"
    image = f"{registry}/{place['repositoryName']}:{place['imageTag']}"
    token = deployment.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    subprocess.run(
        [deployment.engine.docker, "login", "--username", "AWS", "--password-stdin", registry],
        input=base64.b64decode(token).decode().partition(":")[2],
        env=deployment.variables(),
        text=True,
        check=True,
        capture_output=True,
    )
    deployment.docker("pull", "--quiet", image)
    return image


def files(deployment: Deployment, name: str) -> dict[str, tuple[object, ...]]:
    """Every file of an image, with its kind, mode, owner and content."""
    image = pull(deployment, name)
    container = deployment.docker("create", image, "true").strip()
    archive = deployment.project.parent / f"{name}.tar"
    deployment.docker("export", "--output", str(archive), container)
    deployment.docker("rm", container)
    with tarfile.open(archive) as tar:
        return {
            each.name: (each.type, each.mode, each.uid, each.gid, each.linkname, _digest(tar, each))
            for each in tar.getmembers()
        }


def _digest(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = tar.extractfile(member) if member.isreg() else None
    return hashlib.sha256(content.read()).hexdigest() if content else ""
