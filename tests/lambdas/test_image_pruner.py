"""The pruner against the local emulator, with images that were really pushed to its registry."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from cdk_local_aws.emulator import process
from cdk_local_aws.emulator.settings import EmulatorSettings
from scoped_images.functions.code import function_files
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.report import Report
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.run import prune
from scoped_images.pruning.settings import PrunerSettings
from tests.free_port import free_port
from tests.local.emulator.aws import Aws
from tests.local.emulator.registry_client import INDEX, MANIFEST, digest_of

ACCOUNT = "000000000000"
REGION = "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
# Whatever is pushed during a test is a month old for the pruner.
LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """The emulator, without a container engine."""
    state = Path(tempfile.mkdtemp(prefix="pruner-emulator-"))
    settings = EmulatorSettings(state=state, port=free_port(), account=ACCOUNT, region=REGION)
    process.ensure_running(settings, {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}, print)
    yield Aws.of(settings)
    process.stop(settings)
    shutil.rmtree(state)


@pytest.fixture
def session(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """Clients of the emulator, whatever the person who runs this has configured."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key=aws.keys.secret, region_name=REGION)


@pytest.fixture
def repository(session: boto3.Session, request: pytest.FixtureRequest) -> str:
    """An empty repository with a name of its own."""
    name = str(request.node.name).replace("test_", "")[:60].strip("_").replace("_", "-")
    session.client("ecr").create_repository(repositoryName=name)
    return name


def run(session: boto3.Session, *repositories: str) -> Report:
    retention = Retention(
        max_images=1, min_age_days=1, untagged_days=1, rollback_window=1, content_tags=("sha-*",)
    )
    settings = PrunerSettings(
        environment="test",
        repositories=repositories,
        regions=(REGION,),
        retention=retention,
        delete=True,
    )
    report = prune(AwsCalls(REGION, session=session, attempts=1), settings, now=LATER)
    assert report.problems == []
    return report


def left(session: boto3.Session, repository: str) -> set[str]:
    images = session.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    return {image["imageDigest"] for image in images}


def push_many(aws: Aws, repository: str, count: int) -> list[str]:
    """The last is the newest; the emulator's clock knows whole seconds, so the others may be of one age."""
    registry = aws.registry
    digests = []
    for number in range(count):
        if number == count - 1:
            time.sleep(1.1)
        digests.append(registry.push(repository, f"sha-{number:03}", f"layer {number}".encode()))
    return digests


def test_old_images_are_gone_from_the_registry(session: boto3.Session, aws: Aws, repository: str) -> None:
    digests = push_many(aws, repository, 5)
    report = run(session, repository)
    assert left(session, repository) == {digests[-1]}
    assert aws.registry.call("GET", f"/v2/{repository}/manifests/{digests[0]}").status == 404
    assert report.bytes_freed > 0


def test_a_version_keeps_the_image_that_its_tag_named(
    session: boto3.Session, aws: Aws, repository: str
) -> None:
    digests = push_many(aws, repository, 9)
    client = session.client("lambda")
    client.create_function(
        FunctionName=repository[:40],
        PackageType="Image",
        Code={"ImageUri": f"{HOST}/{repository}@{digests[2]}"},
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
    )
    client.publish_version(FunctionName=repository[:40])
    client.update_function_code(FunctionName=repository[:40], ImageUri=f"{HOST}/{repository}:sha-006")
    report = run(session, repository)
    used = [image.digest for image, why in report.kept if why.startswith("in use by lambda")]
    assert sorted(used) == sorted([digests[2], digests[6]])
    assert {*used, digests[8]} <= left(session, repository)
    # These three, and before each of the used ones one more.
    assert len(left(session, repository)) <= 5


def test_an_index_keeps_its_children_and_takes_them_along(
    session: boto3.Session, aws: Aws, repository: str
) -> None:
    registry = aws.registry
    children = []
    for number in range(4):
        manifest = registry.manifest(repository, f"child {number}".encode())
        children.append(digest_of(manifest))
        assert registry.put_manifest(repository, children[-1], manifest).status == 201
    indexes = []
    for number in range(2):
        body = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [
                {"mediaType": MANIFEST, "digest": digest, "size": 9}
                for digest in children[number * 2 : number * 2 + 2]
            ],
        }
        index = json.dumps(body).encode()
        assert registry.put_manifest(repository, f"sha-{number}", index, INDEX).status == 201
        indexes.append(digest_of(index))
    report = run(session, repository)
    assert left(session, repository) == {indexes[1], *children[2:]}
    assert report.deleted[0].digest == indexes[0]


def test_the_base_in_a_kept_images_labels_stays(session: boto3.Session, aws: Aws, repository: str) -> None:
    """The label is in the image's configuration, which the registry serves as a blob."""
    session.client("ecr").create_repository(repositoryName="label-base")
    bases = push_many(aws, "label-base", 5)
    labels = {"org.opencontainers.image.base.name": f"{HOST}/label-base:sha-001"}
    registry = aws.registry
    config = registry.push_blob(repository, json.dumps({"config": {"Labels": labels}}).encode())
    config["mediaType"] = "application/vnd.oci.image.config.v1+json"
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    assert registry.put_manifest(repository, "sha-app", json.dumps(body).encode()).status == 201
    report = run(session, repository, "label-base")
    assert left(session, "label-base") == {bases[1], bases[4]}
    assert "base of the-base-in-a-kept-images-labels-stays:sha-app" in [why for _, why in report.kept]


def test_the_zip_runs_as_a_function(session: boto3.Session, aws: Aws, repository: str) -> None:
    """What ImagePruner packs, started by the emulator; all its images are too young to go."""
    push_many(aws, repository, 2)
    settings = PrunerSettings(
        environment="zip",
        repositories=(repository,),
        regions=(REGION,),
        retention=Retention(max_images=1, min_age_days=1),
        delete=True,
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in function_files("pruner").items():
            archive.writestr(name, content)
    client = session.client("lambda")
    client.create_function(
        FunctionName="image-pruner-zip",
        Runtime="python3.14",
        Handler="index.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Timeout=900,
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": {"PRUNER_SETTINGS": settings.to_text()}},
    )
    answer = client.invoke(FunctionName="image-pruner-zip")
    body = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    assert body["images"] == {"kept": 2, "selected": 0, "archived": 0, "deleted": 0, "spared": 0, "left": 0}
