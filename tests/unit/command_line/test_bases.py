"""`scoped-images bases update` and `bases refresh`, against servers that play a registry and ECR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from scoped_images.bases.refresh_marks import RefreshMarks
from scoped_images.command_line.bases.dockerfiles import derived_images
from scoped_images.upstream.lock import ImagesLock
from tests.unit.command_line.program import Command, Printed
from tests.unit.upstream.pretended_registry import DIGEST, PretendedRegistry, pretended_registry
from tests.unit.workspace.repository import write

OLD = "sha256:" + "0" * 64
SHORT, OLD_SHORT = DIGEST[:19], OLD[:19]
LOCK = Path("dockerfiles/images.lock")
MARKS = Path("dockerfiles/bases.lock")
HERE = Path()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def locked() -> dict[str, str]:
    return dict(ImagesLock.read(LOCK).images)


def test_update_pins_what_every_dockerfile_is_built_from(command: Command) -> None:
    with pretended_registry(PretendedRegistry()) as server:
        a, c = f"{server.address}/a/b:1", f"{server.address}/c:1"
        write(HERE, {"dockerfiles/a.Dockerfile": f"ARG BASE={a}\nFROM $BASE\n"})
        write(HERE, {"services/x/Dockerfile": f"FROM scratch\nCOPY --from={c} / /\n"})
        checked = command("bases", "update", "--check")
        assert (checked.code, LOCK.exists()) == (1, False)
        assert checked.out.endswith(f"2 images, 2 changed: {LOCK} would be rewritten\n")
        assert command("bases", "update") == Printed(
            0,
            f"{a}  not pinned          → {SHORT}\n"
            f"{c}    not pinned          → {SHORT}\n"
            f"2 images, 2 changed: {LOCK} is rewritten\n",
            "",
        )
        assert locked() == {a: DIGEST, c: DIGEST}
        written = LOCK.stat().st_ino
        nothing = Printed(0, f"2 images, 0 changed: {LOCK} is up to date\n", "")
        assert command("bases", "update") == nothing
        assert command("bases", "update", "--check") == nothing
        assert LOCK.stat().st_ino == written


def test_update_shows_what_moved_and_drops_what_no_dockerfile_uses_unless_one_is_named(
    command: Command,
) -> None:
    with pretended_registry(PretendedRegistry()) as server:
        image = f"{server.address}/a/b:1"
        write(HERE, {"Dockerfile": f"FROM {image}\n"})
        ImagesLock(images={image: OLD, "gone:1": OLD}).write(LOCK)
        assert command("bases", "update", "--dockerfile", "Dockerfile").code == 0
        assert locked() == {image: DIGEST, "gone:1": OLD}
        ImagesLock(images={image: OLD, "gone:1": OLD}).write(LOCK)
        assert command("bases", "update").out.splitlines()[:2] == [
            f"{image}  {OLD_SHORT} → {SHORT}",
            f"{'gone:1'.ljust(len(image))}  {OLD_SHORT} → dropped, no Dockerfile uses it",
        ]
        assert locked() == {image: DIGEST}


def test_one_failure_names_the_image_and_leaves_the_lock(command: Command) -> None:
    with pretended_registry(PretendedRegistry(statuses={"/v2/gone/manifests/1": 404})) as server:
        write(HERE, {"Dockerfile": f"FROM {server.address}/a/b:1 AS x\nFROM {server.address}/gone:1\n"})
        ImagesLock(images={f"{server.address}/a/b:1": OLD}).write(LOCK)
        before = LOCK.read_bytes()
        assert command("bases", "update") == Printed(
            2,
            "",
            f"scoped-images: cannot look up the digest of {server.address}/gone:1: its registry has no such image or "
            "tag; the lock file is unchanged\n",
        )
        assert LOCK.read_bytes() == before


def test_a_bare_word_that_is_not_an_image_may_be_a_build_context(command: Command) -> None:
    with pretended_registry(
        PretendedRegistry(statuses={"/v2/library/shared/manifests/latest": 404})
    ) as server:
        write(HERE, {"Dockerfile": "FROM scratch\nCOPY --from=shared / /\n"})
        update = ("bases", "update", "--mirror", f"docker.io={server.address}")
        failed = command(*update)
        assert failed.code == 2
        assert failed.err.endswith(
            "; the lock file is unchanged; if shared is the name of a build context, add --build-context shared\n"
        )
        assert command(*update, "--build-context", "shared").code == 0


def test_images_of_derived_bases_are_pinned_on_request_from_the_mirror_and_then_kept(
    command: Command,
) -> None:
    """The library's Dockerfile is not in the repository."""
    (image,) = derived_images()
    write(HERE, {"Dockerfile": "FROM scratch\n"})
    with pretended_registry(PretendedRegistry()) as server:
        update = ("bases", "update", "--mirror", f"public.ecr.aws={server.address}/ecr-public")
        assert command(*update).code == 0
        assert not LOCK.exists()
        assert command(*update, "--derived").code == 0
        assert locked() == {image: DIGEST}
        path = image.removeprefix("public.ecr.aws").replace(":", "/manifests/")
        assert server.asked == [("HEAD", f"/v2/ecr-public{path}")]
        ImagesLock(images={image: OLD}).write(LOCK)
        other = f"{server.address}/python:3.12"
        assert command(*update, "--public-image", other).code == 0
        assert locked() == {image: DIGEST, other: DIGEST}


def test_an_image_with_an_unknown_name_is_a_warning(command: Command) -> None:
    missing = "--dockerfile: missing, and no Dockerfile or *.Dockerfile is below .; run this in the repository's root, or"
    assert command("bases", "update") == Printed(2, "", f"scoped-images: {missing} name some\n")
    write(HERE, {"Dockerfile": "FROM $BASE\n"})
    assert command("bases", "update").err == (
        "warning: Dockerfile:1: FROM depends on a variable without a value; the image is neither pinned nor mirrored\n"
    )


class PretendedEcr:
    """Plays boto3's client: answers DescribeImages with what a test sets, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = {"imageDetails": [{"imageDigest": DIGEST}]}
        self.asked: list[Any] = []

    def client(self, service: str, **options: str) -> PretendedEcr:
        self.asked.append((service, options["region_name"]))
        return self

    def describe_images(self, **request: Any) -> Any:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> PretendedEcr:
    """ECR, played."""
    pretended = PretendedEcr()
    monkeypatch.setattr(boto3, "client", pretended.client)
    return pretended


def test_refresh_records_what_stable_is_now(ecr: PretendedEcr, command: Command) -> None:
    RefreshMarks(marks={"prod": {"receipt-dynamo": OLD}}).write(MARKS)
    refresh = ("bases", "refresh", "receipt-dynamo", "--env", "dev", "--region", "eu-west-3")
    assert command(*refresh) == Printed(
        0,
        f"stable of receipt-dynamo in dev: never refreshed → {DIGEST}\n"
        f"Wrote {MARKS}; commit it. The next deploy of dev rebuilds the images that are built from receipt-dynamo.\n",
        "",
    )
    assert ecr.asked == [
        ("ecr", "eu-west-3"),
        {"repositoryName": "base-receipt-dynamo-dev", "imageIds": [{"imageTag": "stable"}]},
    ]
    marks = {"dev": {"receipt-dynamo": DIGEST}, "prod": {"receipt-dynamo": OLD}}
    assert RefreshMarks.read(MARKS).marks == marks
    written = MARKS.stat().st_ino
    unchanged = f"nothing changed: stable of receipt-dynamo in dev is still {DIGEST}\n"
    assert command(*refresh) == Printed(0, unchanged, "")
    assert MARKS.stat().st_ino == written


def test_refresh_asks_the_repository_of_its_option(ecr: PretendedEcr, command: Command) -> None:
    refresh = ("bases", "refresh", "a", "--env", "dev", "--repository", "team/a", "--marks", "m.json")
    assert command(*refresh).code == 0
    assert ecr.asked[1]["repositoryName"] == "team/a"
    assert RefreshMarks.read("m.json").of("dev", "a") == DIGEST


WITHOUT = (
    "--repository: base-a-dev in eu-west-1 must have the image stable, got none; deploy the base image first"
)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"Code": "RepositoryNotFoundException"},
            "--repository: must exist in eu-west-1, got base-a-dev; deploy the base image first, or name another with "
            "--repository, --env or --region",
        ),
        ({"Code": "ImageNotFoundException"}, WITHOUT),
        (None, WITHOUT),
        (
            {"Code": "AccessDeniedException", "Message": "not yours"},
            "ECR in eu-west-1 cannot read repository base-a-dev: not yours",
        ),
        (NoCredentialsError(), "cannot ask ECR in eu-west-1: Unable to locate credentials"),
    ],
)
def test_refresh_reports_a_failure_in_one_line_and_writes_nothing(
    ecr: PretendedEcr, command: Command, answer: Any, message: str
) -> None:
    ecr.answer = {"imageDetails": []} if answer is None else answer
    if isinstance(answer, dict):
        ecr.answer = ClientError({"Error": answer}, "DescribeImages")
    failed = Printed(2, "", f"scoped-images: {message}\n")
    assert command("bases", "refresh", "a", "--env", "dev") == failed
    assert not MARKS.exists()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "AWS_PROFILE",
            "nobody",
            "cannot read the AWS configuration: The config profile (nobody) could not be found; correct ~/.aws/config, "
            "or name one of its profiles in AWS_PROFILE",
        ),
        (
            "AWS_ACCESS_KEY_ID",
            "half",
            "cannot ask ECR in eu-west-1: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        ),
    ],
)
def test_an_invalid_aws_configuration_is_an_error_of_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv(variable, value)
    failed = Printed(2, "", f"scoped-images: {message}\n")
    assert command("bases", "refresh", "a", "--env", "dev") == failed
