"""`scoped-images build`: builds what the CLI would build, under the same tags, in one bake."""

from __future__ import annotations

import base64
import hashlib
import signal
import subprocess
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bake import build, command
from tests.e2e.deployment import Deployment
from tests.e2e.places import NewDeployment
from tests.e2e.registry_proxy import registry_proxy
from tests.e2e.test_graph import ALL, assert_stands, asset, names
from tests.unit.building.small_assembly import write_assembly

pytestmark = pytest.mark.e2e

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
PYTHON = "public.ecr.aws/lambda/python:3.13"


@pytest.fixture(scope="module")
def deployment(new_deployment: NewDeployment) -> Deployment:
    """The graph app, synthesized, of which nothing is deployed."""
    made = new_deployment("graph")
    made.cdk("synth", "--quiet")
    return made


def test_the_repositories_stack_must_be_deployed_first(deployment: Deployment) -> None:
    assert build(deployment, code=3)["deploy_first"] == ["graph-local-repositories"]


def test_a_killed_build_leaves_whole_images_and_no_login(deployment: Deployment, tmp_path: Path) -> None:
    deployment.cdk("deploy", "graph-local-repositories", "--require-approval", "never", "--app", "cdk.out")
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
    assert_stands(deployment)
    recorded = (deployment.project.parent / "recorded-builds").read_text().splitlines()
    assert len([line for line in recorded if line.startswith("buildx bake")]) <= 2  # the killed one too


def test_nothing_missing_builds_nothing(deployment: Deployment) -> None:
    report = build(deployment)
    assert (report["build"], report["pushed"]) == ([], {})
    assert names(report["present"]) == ALL


def test_a_deploy_after_it_builds_nothing_and_keeps_the_digests(deployment: Deployment) -> None:
    before = deployment.digests()
    assert deployment.deploy("--concurrency", "4") == []
    assert deployment.digests() == before


def test_the_cli_builds_the_same_files_under_the_same_tags(deployment: Deployment) -> None:
    baked = {
        name: (content_tags(deployment, name).keys(), files(deployment, name)) for name in ("tail", "peak")
    }
    for name in ALL:
        for place in deployment.destinations(asset(name)):
            deployment.client("ecr").batch_delete_image(
                repositoryName=place["repositoryName"], imageIds=[{"imageTag": place["imageTag"]}]
            )
    deployment.empty_engine()
    assert names(deployment.deploy("--app", "cdk.out", "--concurrency", "4")) == ALL
    for name, (tags, content) in baked.items():
        assert content_tags(deployment, name).keys() == tags
        assert files(deployment, name) == content


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


def twelve(deployment: Deployment, folder: Path, *, broken: int | None = None) -> Path:
    """An assembly of a base and twelve images on it, each with a file and a step of its own."""
    ecr = deployment.client("ecr")
    place: dict[str, Any] = {
        "region": "us-east-1",
        "assumeRoleArn": "arn:${AWS::Partition}:iam::000000000000:role/"
        "cdk-hnb659fds-image-publishing-role-000000000000-us-east-1",
    }
    images: dict[str, Any] = {}

    def add(name: str, dockerfile: str, arguments: Mapping[str, str]) -> str:
        context = folder / name
        context.mkdir(parents=True)
        (context / "file.txt").write_text(f"{folder.name} {name}")
        (context / "Dockerfile").write_text(dockerfile)
        if name not in {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]}:
            ecr.create_repository(repositoryName=name)
        tag = f"sha-{folder.name}"
        ref = {"ref": f"{REGISTRY}/{name}:cache-x"}
        images[name] = {
            "displayName": name,
            "source": {
                "directory": name,
                "dockerBuildArgs": arguments,
                "platform": "linux/amd64",
                "cacheFrom": [{"type": "registry", "params": ref}],
                "cacheTo": {
                    "type": "registry",
                    "params": {
                        **ref,
                        "mode": "max",
                        "image-manifest": "true",
                        "oci-mediatypes": "true",
                        "ignore-error": "true",
                    },
                },
            },
            "destinations": {"x": {**place, "repositoryName": name, "imageTag": tag}},
        }
        return f"{REGISTRY}/{name}:{tag}"

    base = add("twelve/base", f"FROM {PYTHON}\nCOPY file.txt /base.txt\n", {})
    for number in range(12):
        step = "echo the cause; exit 3" if number == broken else "cat /base.txt"
        add(
            f"twelve/i{number}",
            f"ARG BASE_IMAGE_URI\nFROM $BASE_IMAGE_URI\nRUN {step}\nCOPY file.txt /i.txt\n",
            {"BASE_IMAGE_URI": base},
        )
    return write_assembly(folder, images)


def test_of_twelve_images_only_the_failing_one_is_missing(deployment: Deployment, tmp_path: Path) -> None:
    report = build(deployment, "--app", str(twelve(deployment, tmp_path / "one", broken=7)), code=1)
    assert len(report["failed"]) == 1, report["failed"]
    (failed,) = report["failed"]
    assert (failed["image"], failed["step"], failed["log"]) == (
        "twelve/i7",
        "RUN echo the cause; exit 3",
        ["the cause"],
    )
    assert failed["error"].endswith("did not complete successfully: exit code: 3")
    assert report["not_built"] == []
    assert len(report["pushed"]) == 12
    for tag, digest in report["pushed"].items():
        repository, _, name = tag.removeprefix(f"{REGISTRY}/").partition(":")
        assert deployment.tags(repository)[name] == digest


def test_a_registry_that_refuses_caches_fails_no_build(deployment: Deployment, tmp_path: Path) -> None:
    with registry_proxy(deployment.env.port, refuse="/manifests/cache-") as proxy:
        report = build(
            deployment,
            "--app",
            str(twelve(deployment, tmp_path / "two")),
            LOCAL_AWS_REGISTRY_PORT=str(proxy.server_port),
        )
        assert proxy.refused
    assert (len(report["pushed"]), report["failed"]) == (13, [])
