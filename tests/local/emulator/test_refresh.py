"""`scoped-images bases refresh` and `restore` against the emulated ECR, with images pushed through its registry."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path

import pytest

from scoped_images.bases.refresh_marks import DEFAULT_MARKS, RefreshMarks
from scoped_images.command_line import main
from scoped_images.ecr.tags import content_tag, git_tag
from tests.local.emulator.aws import ACCOUNT, REGION, Aws
from tests.local.emulator.registry_client import MANIFEST, digest_of

FIRST, SECOND, THIRD = (content_tag(digit * 64) for digit in "123")
GIT = git_tag("abcd" * 10)


@pytest.fixture
def base(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a base image with an empty repository; commands run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    variables = {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": aws.keys.secret,
        "AWS_REGION": REGION,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    base = aws.name("receipts")
    aws.client("ecr").create_repository(repositoryName=f"base-{base}-dev")
    return base


def push(aws: Aws, base: str) -> str:
    return aws.registry.push(f"base-{base}-dev", "stable", uuid.uuid4().bytes)


def test_the_mark_is_what_stable_is(aws: Aws, base: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = push(aws, base)
    assert main(["bases", "refresh", base, "--env", "dev"]) == 0
    assert RefreshMarks.read(DEFAULT_MARKS).of("dev", base) == first
    assert main(["bases", "refresh", base, "--env", "dev"]) == 0
    assert "nothing changed" in capsys.readouterr().out
    second = push(aws, base)
    assert main(["bases", "refresh", base, "--env", "dev"]) == 0
    assert capsys.readouterr().out.startswith(f"stable of {base} in dev: {first} → {second}\n")
    assert RefreshMarks.read(DEFAULT_MARKS).of("dev", base) == second


def test_a_repository_without_stable_and_a_missing_one_have_different_errors(
    base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bases", "refresh", base, "--env", "dev"]) == 2
    assert main(["bases", "refresh", base, "--env", "prod"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"scoped-images: --repository: base-{base}-dev in {REGION} must have the image stable, got none; deploy the base "
        "image first",
        f"scoped-images: --repository: must exist in {REGION}, got base-{base}-prod; deploy the base image first, or "
        "name another with --repository, --env or --region",
    ]


def test_a_deleted_tag_is_put_back_on_the_image_that_was_pushed_last(
    aws: Aws, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    registry, repository = aws.registry, f"base-{base}-dev"
    registry.push(repository, FIRST, uuid.uuid4().bytes)
    time.sleep(1.1)  # ECR reports whole seconds
    newest = registry.push(repository, SECOND, uuid.uuid4().bytes)
    registry.push(repository, "cache-linux-amd64", uuid.uuid4().bytes)
    assert main(["bases", "restore", base, "--env", "dev"]) == 0
    assert main(["bases", "restore", base, "--env", "dev"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"stable of {repository} is {newest} again, which is {SECOND}",
        f"nothing to restore: stable of {repository} is {newest}",
    ]
    answer = aws.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": "stable"}])
    assert answer["imageDetails"][0]["imageDigest"] == newest


def test_of_several_platforms_it_is_put_back_on_the_index_and_on_no_platform_s_image(
    aws: Aws, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A platform's image that was deleted and pushed again is newer than the index over it."""
    registry, repository = aws.registry, f"base-{base}-dev"
    child = registry.push(repository, FIRST, uuid.uuid4().bytes)
    media_type = "application/vnd.oci.image.index.v1+json"
    entries = [
        {
            "mediaType": MANIFEST,
            "digest": child,
            "size": 1,
            "platform": {"os": "linux", "architecture": "arm64"},
        }
    ]
    index = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).encode()
    assert registry.put_manifest(repository, THIRD, index, media_type).status == 201
    time.sleep(1.1)  # ECR reports whole seconds
    stored = registry.call("GET", f"/v2/{repository}/manifests/{child}", Accept=MANIFEST).body
    aws.client("ecr").batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": child}])
    assert registry.put_manifest(repository, FIRST, stored).status == 201
    assert main(["bases", "restore", base, "--env", "dev"]) == 0
    assert capsys.readouterr().out == (
        f"stable of {repository} is {digest_of(index)} again, which is {THIRD}\n"
    )


def test_the_tag_of_a_commit_is_put_back_on_the_content_that_it_had(
    aws: Aws, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    registry, repository = aws.registry, f"base-{base}-dev"
    first = registry.push(repository, FIRST, uuid.uuid4().bytes)
    registry.push(repository, SECOND, uuid.uuid4().bytes)
    command = ["bases", "restore", base, "--env", "dev", "--tag", GIT]
    assert main(command) == 2
    assert main([*command, "--content", THIRD]) == 2
    assert main([*command, "--content", FIRST]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        f"scoped-images: --tag: belongs to one image, not necessarily the newest, got {GIT!r}; pass "
        "--content sha-…, the output Uri of the base image's stack",
        f"scoped-images: --repository: {repository} in {REGION} must have the image {THIRD}, got none; deploy the base "
        "image first",
    ]
    assert printed.out == f"{GIT} of {repository} is {first} again, which is {FIRST}\n"


def test_a_tag_that_cannot_be_restored_is_refused(
    aws: Aws, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bases", "restore", base, "--env", "dev"]) == 2
    assert main(["bases", "restore", base, "--env", "dev", "--tag", FIRST]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"scoped-images: --repository: base-{base}-dev in {REGION} must have the image sha-…, got none; deploy the base "
        "image first",
        f"scoped-images: --tag: must not be a content tag, got {FIRST!r}; the next deploy pushes it again, an index over "
        "several platforms with -c scoped-images:again=1",
    ]
