"""The buildspec: which words buildx gets, whatever is in them, and who is logged in to where."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoped_images import ScopedImagesError
from scoped_images.remote.build_request import BuildRequest
from scoped_images.remote.build_secret import BuildSecret
from scoped_images.remote.buildspec import build_command, buildspec, refuse_long_buildspec
from tests.unit.remote.requests import REGISTRY, REQUEST, request

PRINTING_DOCKER = """#!/usr/bin/env python3
import json, sys
open("words.json", "w").write(json.dumps(sys.argv[1:]))
"""

HOSTILE = "'\"; touch owned #$(touch owned)`touch owned`\n\ttouch owned\n\\ *&|<>! ü -"


def commands(phase: str, asked: BuildRequest = REQUEST) -> list[str]:
    made: list[str] = buildspec(asked)["phases"][phase]["commands"]
    return made


def words_of_mocked_docker(asked: BuildRequest, folder: Path, **variables: str) -> list[str]:
    """What a docker that only writes down its words gets from the shell that CodeBuild runs a command with."""
    docker = folder / "bin" / "docker"
    docker.parent.mkdir(exist_ok=True)
    docker.write_text(PRINTING_DOCKER)
    docker.chmod(0o755)
    path = f"{docker.parent}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-c", commands("build", asked)[0]], cwd=folder, env={"PATH": path, **variables}, check=True
    )
    words: list[str] = json.loads((folder / "words.json").read_text())
    return words


def test_the_words_of_a_build_with_everything(tmp_path: Path) -> None:
    asked = request(
        target="runtime",
        build_args={"BASE_IMAGE_URI": f"{REGISTRY}/base-dev:sha-1", "MODE": "fast"},
        folder_contexts={"shared": "named-0"},
        image_contexts={"tools": f"docker-image://{REGISTRY}/tools:sha-2"},
        secrets={"pip": BuildSecret.secrets_manager("pip-conf")},
        cache_from=(f"type=registry,ref={REGISTRY}/upload-dev:cache-linux-amd64",),
        cache_to=f"type=registry,ref={REGISTRY}/upload-dev:cache-linux-amd64,mode=max",
    )
    assert words_of_mocked_docker(asked, tmp_path) == [
        *("buildx", "build", "--progress=plain", "--provenance=false", "--sbom=false"),
        *("--platform", "linux/amd64", "--file", "source/context/Dockerfile", "--target", "runtime"),
        *("--tag", f"{REGISTRY}/upload-dev:sha-0123456789ab"),
        *("--build-arg", f"BASE_IMAGE_URI={REGISTRY}/base-dev:sha-1", "--build-arg", "MODE=fast"),
        *("--build-context", "shared=source/named-0"),
        *("--build-context", f"tools=docker-image://{REGISTRY}/tools:sha-2"),
        *("--secret", "id=pip,env=SCOPED_IMAGES_SECRET_0"),
        *("--cache-from", f"type=registry,ref={REGISTRY}/upload-dev:cache-linux-amd64"),
        *("--cache-to", f"type=registry,ref={REGISTRY}/upload-dev:cache-linux-amd64,mode=max"),
        *("--output", "type=image,push=true,unpack=false,store=false,oci-mediatypes=false"),
        *("--metadata-file", "metadata.json", "source/context"),
    ]


def test_the_words_of_a_plain_build() -> None:
    words = build_command(REQUEST)
    assert "--cache-to" not in words
    assert "--secret" not in words
    assert "--target" not in words


def test_network_and_no_cache_reach_docker(tmp_path: Path) -> None:
    words = words_of_mocked_docker(request(network="none", no_cache=True), tmp_path)
    assert words[words.index("--network") + 1] == "none"
    assert "--no-cache" in words


@pytest.mark.parametrize("value", [HOSTILE, "", "a\nb\n"])
def test_a_value_that_only_the_deploy_knows_reaches_docker_unharmed(value: str, tmp_path: Path) -> None:
    """Nobody can quote it for bash at synth, so a variable carries it, and the tag too."""
    words = words_of_mocked_docker(
        request(late_args=("ARG",)),
        tmp_path,
        SCOPED_IMAGES_ARGUMENT_ARG=value,
        SCOPED_IMAGES_PUBLISHED_TAG="sha-1-2",
    )
    assert words[words.index("--build-arg") + 1] == f"ARG={value}"
    assert words[words.index("--tag") + 1] == f"{REGISTRY}/upload-dev:sha-1-2"
    assert not (tmp_path / "owned").exists()


def test_a_tampered_archive_is_not_unpacked(tmp_path: Path) -> None:
    """Whoever can write to the bucket of assets must not decide what is built."""
    content = b"the archive that was synthesized"
    asked = request(archive_sha256=hashlib.sha256(content).hexdigest())
    verify = commands("pre_build", asked)[2]
    for archive, code in ((content, 0), (b"another archive", 1)):
        (tmp_path / "source.tar").unlink(missing_ok=True)
        (tmp_path / "source.tar.gz").write_bytes(gzip.compress(archive))
        done = subprocess.run(
            ["bash", "-c", verify], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == code
    assert done.stderr == "the archive of the build context is not the one that was synthesized\n"
    assert commands("pre_build", asked)[3].startswith("tar --extract")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
def test_any_argument_reaches_docker_unharmed(value: str, tmp_path: Path) -> None:
    words = words_of_mocked_docker(request(build_args={"ARG": value}, target=value or None), tmp_path)
    assert words[words.index("--build-arg") + 1] == f"ARG={value}"
    assert not (tmp_path / "owned").exists()


@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
def test_a_buildspec_is_printable_ascii_whatever_is_in_its_arguments(value: str) -> None:
    """CodeBuild reads it as YAML, which knows fewer characters than JSON, and no surrogate pairs."""
    spec = buildspec(request(build_args={"ARG": value}, target=value or None))
    for phase in spec["phases"].values():
        assert all(command.isascii() and command.isprintable() for command in phase["commands"])


def test_a_buildspec_longer_than_codebuild_takes_is_refused() -> None:
    with pytest.raises(ScopedImagesError) as caught:
        refuse_long_buildspec(request(build_args={"A": "x", "LIST": "x" * 25_600}))
    length = re.search(r"got (\d+), most", str(caught.value))
    assert length is not None
    assert str(caught.value) == (
        f"buildspec of 'upload-dev': CodeBuild takes 25600 characters, got {length[1]}, most of them for the build "
        "argument 'LIST'; have the build read long values from a file of its context"
    )


def test_every_property_that_a_user_can_choose_is_quoted(tmp_path: Path) -> None:
    """With each of them hostile at once, the shell still runs one command: docker."""
    asked = request(
        dockerfile=f"D {HOSTILE}",
        target=HOSTILE,
        build_args={"A": HOSTILE},
        image_contexts={HOSTILE: HOSTILE},
        folder_contexts={f"f{HOSTILE}": "named-0"},
        secrets={HOSTILE: BuildSecret.parameter("/x")},
        cache_from=(HOSTILE,),
        cache_to=HOSTILE,
    )
    assert words_of_mocked_docker(asked, tmp_path) == build_command(asked)[1:]
    assert not (tmp_path / "owned").exists()


def test_the_builder_s_image_can_be_another_one() -> None:
    assert commands("pre_build")[-1] == (
        "docker buildx create --name scoped-images --driver docker-container --use"
    )
    mirrored = request(buildkit_image="mirror.example/buildkit:v1; touch owned")
    assert commands("pre_build", mirrored)[-1].endswith(
        "--driver-opt 'image=mirror.example/buildkit:v1; touch owned'"
    )


def test_it_logs_in_to_the_ecr_registries_concerned_and_to_no_other() -> None:
    asked = request(
        build_args={"BASE_IMAGE_URI": "222222222222.dkr.ecr.us-east-1.amazonaws.com/base:1"},
        image_contexts={
            "tools": "docker-image://public.ecr.aws/tools:1",
            "x": "docker-image://evil.example/x",
        },
        buildkit_image="333333333333.dkr.ecr.cn-north-1.amazonaws.com.cn/docker-hub/moby/buildkit:v1",
        outside_images=("444444444444.dkr.ecr.eu-west-1.amazonaws.com/company:1",),
    )
    logins = [command for command in commands("pre_build", asked) if "login" in command]
    assert logins == [
        f"set -o pipefail; aws ecr get-login-password --region {region} | "
        f"docker login --username AWS --password-stdin {registry}"
        for region, registry in [
            ("eu-west-1", REGISTRY),
            ("us-east-1", "222222222222.dkr.ecr.us-east-1.amazonaws.com"),
            ("cn-north-1", "333333333333.dkr.ecr.cn-north-1.amazonaws.com.cn"),
            ("eu-west-1", "444444444444.dkr.ecr.eu-west-1.amazonaws.com"),
        ]
    ]


def test_a_secret_travels_in_a_variable() -> None:
    asked = request(
        secrets={
            "pip": BuildSecret.secrets_manager("pip-conf", json_key="index"),
            "npm": BuildSecret.parameter("/build/npm"),
        }
    )
    words = build_command(asked)
    assert [words[number + 1] for number, word in enumerate(words) if word == "--secret"] == [
        "id=npm,env=SCOPED_IMAGES_SECRET_0",
        "id=pip,env=SCOPED_IMAGES_SECRET_1",
    ]
    assert "pip-conf" not in json.dumps(buildspec(asked))


def test_a_failed_build_ends_there() -> None:
    made: dict[str, Any] = buildspec(REQUEST)
    assert made["phases"]["build"]["on-failure"] == "ABORT"
    assert made["env"] == {"shell": "bash", "exported-variables": ["IMAGE_DIGEST"]}


def test_the_digest_is_read_from_buildx_s_metadata(tmp_path: Path) -> None:
    digest = f"sha256:{'0a' * 32}"
    (tmp_path / "metadata.json").write_text(json.dumps({"containerimage.digest": digest, "x": 1}, indent=2))
    script = "\n".join(commands("build")[1:])
    done = subprocess.run(["bash", "-ec", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"pushed upload-dev@{digest}\n"


def test_without_a_digest_the_phase_fails(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text("{}")
    script = "\n".join(commands("build")[1:])
    assert subprocess.run(["bash", "-ec", script], cwd=tmp_path, check=False).returncode != 0
