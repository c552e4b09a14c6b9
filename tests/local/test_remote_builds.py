"""Remote builds with the generated buildspec, a real BuildKit and a real registry."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pytest

from scoped_images import Platform, ScopedContext
from scoped_images.ecr.tags import late_content_tag
from scoped_images.image.build_options import BuildOptions
from scoped_images.image.spec import ImageSpec
from scoped_images.remote.build_secret import BuildSecret
from scoped_images.remote.builds import BuildError
from tests.local.local_aws import SMALL_BASE, LocalAws
from tests.local.remote import BUCKET, Remote
from tests.local.waiting import wait_until

pytestmark = pytest.mark.engine

HOSTILE = 'it\'s "quoted" $(touch /tmp/owned) `touch /tmp/owned`\n; touch /tmp/owned #\n\\ ü'


@pytest.fixture(scope="module")
def remote(local: LocalAws) -> Remote:
    local.aws.client("s3").create_bucket(Bucket=BUCKET)
    return Remote(local.env, local.engine, local.folder)


STAMPED = f"""ARG BASE_IMAGE_URI={SMALL_BASE}
FROM ${{BASE_IMAGE_URI}}
RUN cat /proc/sys/kernel/random/uuid > /stamp
COPY app /app
"""


def test_a_cold_build_a_cached_one_and_one_on_another_base(remote: Remote) -> None:
    base_repository, repository = remote.repository(), remote.repository()
    bases = [
        remote.request(remote.context(f"FROM {SMALL_BASE}\nCOPY word /word\n", word=word), base_repository)
        for word in ("one", "two")
    ]
    for base in bases:
        remote.build(base)
    on = [{"BASE_IMAGE_URI": f"{base.repository_uri}:{base.tag}"} for base in bases]

    cold = remote.request(remote.context(STAMPED, app="1"), repository, build_args=on[0])
    first = remote.layers(repository, remote.build(cold))

    remote.forget()
    changed = remote.request(remote.context(STAMPED, app="2"), repository, build_args=on[0])
    second = remote.layers(repository, remote.build(changed))
    assert second[:-1] == first[:-1], "the RUN step came from the registry cache"
    assert second[-1] != first[-1]

    rebased = remote.request(remote.context(STAMPED, app="3"), repository, build_args=on[1])
    digest = remote.build(rebased)
    third = remote.layers(repository, digest)
    assert third[-3] != first[-3], "the base's own layer"
    assert third[-2] != first[-2], "the RUN step ran again"
    assert remote.run(repository, digest, "cat", "/word", "/app") == "two3"


def test_a_hostile_argument_arrives_unharmed_and_runs_nothing(remote: Remote) -> None:
    repository = remote.repository()
    owned = Path("/tmp/owned")
    owned.unlink(missing_ok=True)
    context = remote.context(f'FROM {SMALL_BASE}\nARG WORD\nRUN printf %s "$WORD" > /word\n')
    for request, late in (
        (remote.request(context, repository, build_args={"WORD": HOSTILE}), {}),
        (remote.request(context, repository, tag="sha-late", late_args=("WORD",)), {"WORD": HOSTILE}),
    ):
        data = remote.wait(remote.start(request, late))
        assert remote.run(repository, f"sha256:{data['Hex']}", "cat", "/word") == HOSTILE
        assert not owned.exists()
    assert data["Tag"] == late_content_tag("sha-late", {"WORD": HOSTILE})


def test_secrets_reach_the_build_but_no_log_and_no_image(remote: Remote) -> None:
    repository = remote.repository()
    word, other = "s3cret'\"$word", "another s3cret"
    remote.aws.client("secretsmanager").create_secret(
        Name="build/word", SecretString=json.dumps({"key": word})
    )
    remote.aws.client("ssm").put_parameter(Name="/build/other", Value=other, Type="SecureString")
    context = remote.context(
        f"FROM {SMALL_BASE}\n"
        "RUN --mount=type=secret,id=word --mount=type=secret,id=other "
        "cat /run/secrets/word /run/secrets/other | sha256sum > /hash\n"
    )
    request = remote.request(
        context,
        repository,
        secrets={
            "word": BuildSecret.secrets_manager("build/word", json_key="key"),
            "other": BuildSecret.parameter("/build/other"),
        },
    )
    started = remote.start(request)
    digest = remote.digest(started)
    expected = subprocess.run(
        ["sha256sum"], input=(word + other).encode(), capture_output=True, check=True
    ).stdout
    assert remote.run(repository, digest, "cat", "/hash") == expected.decode()
    image = f"{remote.registry}/{repository}@{digest}"
    history = remote.docker("history", "--no-trunc", image) + remote.docker("image", "inspect", image)
    log = remote.log(started["BuildId"])
    assert "sha256sum > /hash" in history
    assert "sha256sum" in log
    for secret in (word, other, "s3cret"):
        assert secret not in log
        assert secret not in history


def test_a_missing_secret_fails_before_the_first_command(remote: Remote) -> None:
    context = remote.context("FROM scratch\nCOPY word /\n", word="missing")
    request = remote.request(context, remote.repository(), secrets={"x": BuildSecret.parameter("/not/there")})
    with pytest.raises(BuildError, match="in phase DOWNLOAD_SOURCE: ParameterNotFound: /not/there"):
        remote.wait(remote.start(request))


def test_local_and_remote_builds_of_one_spec_have_one_tag_and_one_digest_that_lambda_takes(
    remote: Remote,
) -> None:
    """BuildKit sets every time in the image to SOURCE_DATE_EPOCH."""
    repository, elsewhere = remote.repository(), remote.repository()
    context = remote.context("FROM scratch\nARG SOURCE_DATE_EPOCH\nCOPY . /\n", one="1", two="2")
    fixed = {"SOURCE_DATE_EPOCH": "946684800"}
    spec = ImageSpec(context=context, platform=Platform.LINUX_AMD64, options=BuildOptions(build_args=fixed))
    request = remote.request(context, repository, build_args=spec.arguments, tag=spec.content_tag)
    there = remote.build(request)

    staged = remote.folder / f"scoped-context-{context.fingerprint}"
    context.write(staged)
    image = f"{remote.registry}/{elsewhere}:{spec.content_tag}"
    # The words of the CDK CLI, and with them its default output.
    arguments = ["--build-arg=SOURCE_DATE_EPOCH=946684800", "--platform=linux/amd64", "--provenance=false"]
    for path in [staged, *staged.iterdir()]:
        subprocess.run(["touch", "--date=@946684800", str(path)], check=True)
    remote.docker("build", *arguments, "--tag", image, str(staged))
    remote.docker("push", image)
    found = remote.aws.client("ecr").describe_images(
        repositoryName=elsewhere, imageIds=[{"imageTag": spec.content_tag}]
    )["imageDetails"]
    assert found[0]["imageDigest"] == there
    manifest = remote.manifest(repository, there)
    assert manifest["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert {layer["mediaType"] for layer in manifest["layers"]} == {
        "application/vnd.docker.image.rootfs.diff.tar.gzip"
    }


def test_a_context_arrives_as_in_a_local_build(remote: Remote) -> None:
    """With executable bits, links, odd names, an ignore file and named contexts."""
    folder = Path(tempfile.mkdtemp(dir=remote.folder))
    (folder / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "ö $x").write_text("odd")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "left-out").write_text("x")
    (folder / ".dockerignore").write_text("left-out\n")
    shared = Path(tempfile.mkdtemp(dir=remote.folder))
    (shared / "word").write_text("shared")
    (folder / "Dockerfile").write_text(
        f"FROM {SMALL_BASE}\nCOPY . /app/\nCOPY --from=our/shared word /app/word\n"
    )
    context = ScopedContext.from_dockerfile(
        folder, platform=Platform.LINUX_AMD64, build_contexts={"our/shared": shared}
    )
    repository = remote.repository()
    digest = remote.build(remote.request(context, repository))
    script = "/app/run.sh; cat '/app/ö $x' /app/word; readlink /app/link; ls -A /app | wc -l"
    assert remote.run(repository, digest, "sh", "-c", script) == "ran\noddshared/etc/passwd\n6\n"


def test_two_builds_of_one_content_at_once_both_end_with_its_image(remote: Remote) -> None:
    """Two stacks with one image: the slower build returns the image that the quicker one tagged."""
    context = remote.context(
        f"FROM {SMALL_BASE}\nARG WHO\nRUN sleep 2; cat /proc/sys/kernel/random/uuid > /stamp\n"
    )
    repository = remote.repository()
    started = [remote.start(remote.request(context, repository, build_args={"WHO": who})) for who in "ab"]
    digests = {remote.digest(each) for each in started}
    assert len(digests) == 1
    assert started[0]["BuildId"] != started[1]["BuildId"]


SLOW = f"FROM {SMALL_BASE}\nCOPY word /\nRUN sleep 120\n"


def slow_build(remote: Remote, **more: Any) -> dict[str, Any]:
    """Start a build and wait for its RUN step."""
    context = remote.context(SLOW, word=uuid.uuid4().hex)
    started = remote.start(remote.request(context, remote.repository(), **more))
    wait_until(lambda: "RUN sleep" in remote.log(started["BuildId"]))
    return started


def test_a_build_whose_stack_rolls_back_is_stopped(remote: Remote) -> None:
    """The deploy was cancelled, or another resource of the stack failed, during the build."""
    cloudformation, name = remote.aws.client("cloudformation"), remote.aws.name("stack")
    broken = {
        "Resources": {"Topic": {"Type": "Custom::Nothing", "Properties": {"ServiceToken": "arn:nowhere"}}}
    }
    stack = cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(broken))["StackId"]
    wait_until(
        lambda: "ROLLBACK" in cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    )
    remote = dataclasses.replace(remote, stack=stack)
    started = {**slow_build(remote), "StackStatus": "CREATE_IN_PROGRESS"}
    with pytest.raises(BuildError, match="was stopped in phase BUILD: its stack went over to ROLLBACK_"):
        remote.builds.is_complete(started)
    wait_until(lambda: remote.status(started["BuildId"]) == "STOPPED")


def test_a_build_under_way_when_the_emulator_stops_is_stopped(remote: Remote) -> None:
    started = slow_build(remote)
    remote.down()
    remote.up()
    assert remote.status(started["BuildId"]) == "STOPPED"
    with pytest.raises(BuildError, match="ended as STOPPED"):
        remote.wait(started)
