"""`scoped-images bases update` and `bases refresh`, against servers that play a registry and ECR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from scoped_images.bases.refresh_marks import RefreshMarks
from scoped_images.command_line import main
from scoped_images.command_line.bases.dockerfiles import derived_images
from scoped_images.upstream.lock import ImagesLock
from tests.unit.upstream.pretended_registry import DIGEST, PretendedRegistry, pretended_registry

OLD = "sha256:" + "0" * 64
SHORT, OLD_SHORT = DIGEST[:19], OLD[:19]
LOCK = Path("dockerfiles/images.lock")
MARKS = Path("dockerfiles/bases.lock")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's root, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def test_update_pins_what_every_dockerfile_is_built_from(capsys: pytest.CaptureFixture[str]) -> None:
    with pretended_registry(PretendedRegistry()) as server:
        write("dockerfiles/a.Dockerfile", f"ARG BASE={server.address}/a/b:1\nFROM $BASE\n")
        write("services/x/Dockerfile", f"FROM scratch\nCOPY --from={server.address}/c:1 / /\n")
        assert main(["bases", "update"]) == 0
        assert ImagesLock.read(LOCK).images == {
            f"{server.address}/{name}": DIGEST for name in ("a/b:1", "c:1")
        }
        assert capsys.readouterr().out == (
            f"{server.address}/a/b:1  not pinned          → {SHORT}\n"
            f"{server.address}/c:1    not pinned          → {SHORT}\n"
            f"2 images, 2 changed: {LOCK} is rewritten\n"
        )
        written = LOCK.stat()
        assert main(["bases", "update"]) == 0
        assert capsys.readouterr().out == f"2 images, 0 changed: {LOCK} is up to date\n"
        assert LOCK.stat().st_ino == written.st_ino


def test_update_shows_what_moved_and_drops_what_no_dockerfile_uses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pretended_registry(PretendedRegistry()) as server:
        image = f"{server.address}/a/b:1"
        write("Dockerfile", f"FROM {image}\n")
        ImagesLock(images={image: OLD, "gone:1": OLD}).write(LOCK)
        assert main(["bases", "update"]) == 0
        assert ImagesLock.read(LOCK).images == {image: DIGEST}
        assert capsys.readouterr().out.splitlines()[:2] == [
            f"{image}  {OLD_SHORT} → {SHORT}",
            f"{'gone:1'.ljust(len(image))}  {OLD_SHORT} → dropped, no Dockerfile uses it",
        ]


def test_update_of_one_dockerfile_leaves_the_others_entries() -> None:
    with pretended_registry(PretendedRegistry()) as server:
        write("Dockerfile", f"FROM {server.address}/a/b:1\n")
        ImagesLock(images={"other:1": OLD}).write(LOCK)
        assert main(["bases", "update", "--dockerfile", "Dockerfile"]) == 0
        assert ImagesLock.read(LOCK).images == {f"{server.address}/a/b:1": DIGEST, "other:1": OLD}


def test_check_writes_nothing_and_exits_with_1_when_something_would_move(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pretended_registry(PretendedRegistry()) as server:
        write("Dockerfile", f"FROM {server.address}/a/b:1\n")
        assert main(["bases", "update", "--check"]) == 1
        assert not LOCK.exists()
        assert capsys.readouterr().out.endswith(f"1 image, 1 changed: {LOCK} would be rewritten\n")
        assert main(["bases", "update"]) == 0
        assert main(["bases", "update", "--check"]) == 0


def test_the_image_that_derived_bases_start_from_is_pinned_by_name() -> None:
    write("Dockerfile", "FROM scratch\n")
    with pretended_registry(PretendedRegistry()) as server:
        image = f"{server.address}/python:3.12"
        assert main(["bases", "update", "--public-image", image]) == 0
        assert ImagesLock.read(LOCK).images == {image: DIGEST}


def test_one_failure_names_the_image_and_leaves_the_lock(capsys: pytest.CaptureFixture[str]) -> None:
    with pretended_registry(PretendedRegistry(statuses={"/v2/gone/manifests/1": 404})) as server:
        write("Dockerfile", f"FROM {server.address}/a/b:1 AS x\nFROM {server.address}/gone:1\n")
        ImagesLock(images={f"{server.address}/a/b:1": OLD}).write(LOCK)
        before = LOCK.read_bytes()
        assert main(["bases", "update"]) == 2
        assert LOCK.read_bytes() == before
        assert capsys.readouterr().err == (
            f"scoped-images: cannot look up the digest of {server.address}/gone:1: its registry has no such image or "
            "tag; the lock file is unchanged\n"
        )


def test_a_mirror_is_asked_in_place_of_the_registry() -> None:
    with pretended_registry(PretendedRegistry()) as server:
        write("Dockerfile", "FROM public.ecr.aws/lambda/python:3.13\n")
        mirror = f"public.ecr.aws={server.address}/ecr-public"
        assert main(["bases", "update", "--mirror", mirror]) == 0
        assert server.asked == [("HEAD", "/v2/ecr-public/lambda/python/manifests/3.13")]
        assert ImagesLock.read(LOCK).images == {"public.ecr.aws/lambda/python:3.13": DIGEST}


def test_a_bare_word_that_is_not_an_image_may_be_a_build_context(capsys: pytest.CaptureFixture[str]) -> None:
    with pretended_registry(
        PretendedRegistry(statuses={"/v2/library/shared/manifests/latest": 404})
    ) as server:
        write("Dockerfile", "FROM scratch\nCOPY --from=shared / /\n")
        mirror = f"docker.io={server.address}"
        assert main(["bases", "update", "--mirror", mirror]) == 2
        assert capsys.readouterr().err.endswith(
            "; the lock file is unchanged; if shared is the name of a build context, add --build-context shared\n"
        )
        assert main(["bases", "update", "--mirror", mirror, "--build-context", "shared"]) == 0


def test_images_of_derived_bases_are_pinned_on_request_and_then_kept() -> None:
    """The library's Dockerfile is not in the repository."""
    (image,) = derived_images()
    assert image.startswith("public.ecr.aws/lambda/python:")
    write("Dockerfile", "FROM scratch\n")
    with pretended_registry(PretendedRegistry()) as server:
        mirror = ["--mirror", f"public.ecr.aws={server.address}"]
        assert main(["bases", "update", *mirror]) == 0
        assert not LOCK.exists()
        assert main(["bases", "update", "--derived", *mirror]) == 0
        assert ImagesLock.read(LOCK).images == {image: DIGEST}
        ImagesLock(images={image: OLD}).write(LOCK)
        assert main(["bases", "update", *mirror]) == 0
        assert ImagesLock.read(LOCK).images == {image: DIGEST}


def test_an_image_with_an_unknown_name_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    write("Dockerfile", "FROM $BASE\n")
    assert main(["bases", "update"]) == 0
    assert capsys.readouterr().err == (
        "warning: Dockerfile:1: FROM depends on a variable without a value; the image is neither pinned nor mirrored\n"
    )


def test_without_a_dockerfile_update_says_where_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bases", "update"]) == 2
    assert capsys.readouterr().err == (
        "scoped-images: --dockerfile: missing, and no Dockerfile or *.Dockerfile is below .; run this in the "
        "repository's root, or name some\n"
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


def test_refresh_records_what_stable_is_now(ecr: PretendedEcr, capsys: pytest.CaptureFixture[str]) -> None:
    RefreshMarks(marks={"prod": {"receipt-dynamo": OLD}}).write(MARKS)
    assert main(["bases", "refresh", "receipt-dynamo", "--env", "dev", "--region", "eu-west-3"]) == 0
    assert RefreshMarks.read(MARKS).marks == {
        "dev": {"receipt-dynamo": DIGEST},
        "prod": {"receipt-dynamo": OLD},
    }
    assert ecr.asked == [
        ("ecr", "eu-west-3"),
        {"repositoryName": "base-receipt-dynamo-dev", "imageIds": [{"imageTag": "stable"}]},
    ]
    assert capsys.readouterr().out == (
        f"stable of receipt-dynamo in dev: never refreshed → {DIGEST}\n"
        f"Wrote {MARKS}; commit it. The next deploy of dev rebuilds the images that are built from receipt-dynamo.\n"
    )


def test_refresh_of_what_is_fresh_says_that_nothing_moved(
    ecr: PretendedEcr, capsys: pytest.CaptureFixture[str]
) -> None:
    RefreshMarks(marks={"dev": {"a": DIGEST}}).write(MARKS)
    written = MARKS.stat().st_ino
    assert main(["bases", "refresh", "a", "--env", "dev"]) == 0
    assert capsys.readouterr().out == f"nothing changed: stable of a in dev is still {DIGEST}\n"
    assert MARKS.stat().st_ino == written


def test_refresh_asks_the_repository_of_its_option(ecr: PretendedEcr) -> None:
    assert main(["bases", "refresh", "a", "--env", "dev", "--repository", "team/a", "--marks", "m.json"]) == 0
    assert ecr.asked[1]["repositoryName"] == "team/a"
    assert RefreshMarks.read("m.json").of("dev", "a") == DIGEST


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            ClientError({"Error": {"Code": "RepositoryNotFoundException"}}, "DescribeImages"),
            "--repository: must exist in eu-west-1, got base-a-dev; deploy the base image first, or name another with "
            "--repository, --env or --region",
        ),
        (
            ClientError({"Error": {"Code": "ImageNotFoundException"}}, "DescribeImages"),
            "--repository: base-a-dev in eu-west-1 must have the image stable, got none; deploy the base image first",
        ),
        (
            {"imageDetails": []},
            "--repository: base-a-dev in eu-west-1 must have the image stable, got none; deploy the base image first",
        ),
        (
            ClientError(
                {"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}, "DescribeImages"
            ),
            "ECR in eu-west-1 cannot read repository base-a-dev: not yours",
        ),
        (NoCredentialsError(), "cannot ask ECR in eu-west-1: Unable to locate credentials"),
    ],
)
def test_refresh_reports_a_failure_in_one_line_and_writes_nothing(
    ecr: PretendedEcr, capsys: pytest.CaptureFixture[str], answer: Any, message: str
) -> None:
    ecr.answer = answer
    assert main(["bases", "refresh", "a", "--env", "dev"]) == 2
    assert capsys.readouterr().err == f"scoped-images: {message}\n"
    assert not MARKS.exists()


def test_an_invalid_aws_configuration_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert main(["bases", "refresh", "a", "--env", "dev"]) == 2
    assert capsys.readouterr().err == (
        "scoped-images: cannot read the AWS configuration: The config profile (nobody) could not be found; correct "
        "~/.aws/config, or name one of its profiles in AWS_PROFILE\n"
    )
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert main(["bases", "refresh", "a", "--env", "dev"]) == 2
    assert capsys.readouterr().err == (
        "scoped-images: cannot ask ECR in eu-west-1: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY\n"
    )
