"""Digests, pins and mirrors of upstream images, with a real registry and the real BuildKit."""

from __future__ import annotations

import json
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdk_local_aws.docker_shim import use_stand_in
from cdk_local_aws.engine import Engine, Machine
from cdk_local_aws.errors import LocalError
from cdk_local_aws.stand_in_images import docker
from scoped_images import ScopedImagesError
from scoped_images.command_line import main
from scoped_images.dockerfile.external_images import external_images
from scoped_images.upstream.images import UpstreamImages
from scoped_images.upstream.lock import ImagesLock
from scoped_images.upstream.registry import Registry

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not Machine.here().takes_private_engine(), reason="needs Debian's docker-registry"),
]
# Nothing answers there, so a build without a mirror fails.
PUBLIC = "public.invalid/lambda/python:3.13"
HUB = "nobody-has-this"


def push(engine: Engine, folder: Path, *images: str, platforms: str | None = None) -> str:
    """Push an image with a new file under each name, and return the file's content."""
    content = uuid.uuid4().hex
    (folder / "upstream").mkdir(exist_ok=True)
    (folder / "upstream/Dockerfile").write_text("FROM scratch\nCOPY version /version\n")
    (folder / "upstream/version").write_text(content)
    options = [f"--platform={platforms}"] if platforms else ["--provenance=false"]
    tags = [f"--tag={image}" for image in images]
    docker(engine, "build", "--push", *options, *tags, str(folder / "upstream"))
    return content


@dataclass(frozen=True)
class Mirrored:
    """Mirrors that got a newer image under each tag since the lock. pinned, newer: what /version holds in them."""

    mirrors: dict[str, str]
    lock: ImagesLock
    pinned: str
    newer: str


@pytest.fixture(scope="module")
def mirrored(engine: Engine, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Mirrored:
    folder = tmp_path_factory.mktemp("push")
    mirrors = {"public.invalid": f"{registry}/public", "docker.io": f"{registry}/hub"}
    upstream = UpstreamImages(mirrors=mirrors)
    places = {
        image: (upstream.context_for(image) or "").removeprefix("docker-image://") for image in (PUBLIC, HUB)
    }
    pinned = push(engine, folder, *places.values())
    lock = ImagesLock(images={image: Registry().digest(place) for image, place in places.items()})
    return Mirrored(mirrors, lock, pinned, push(engine, folder, *places.values()))


def built(engine: Engine, folder: Path, dockerfile: str, upstream: UpstreamImages) -> str:
    """Build with the contexts of the pins and mirrors, and return what /version holds."""
    work = folder / uuid.uuid4().hex
    work.mkdir()
    (work / "Dockerfile").write_text(dockerfile)
    contexts = {image: upstream.context_for(image) for image in external_images(dockerfile).images}
    options = [f"--build-context={name}={context}" for name, context in contexts.items() if context]
    docker(engine, "build", *options, f"--output=type=local,dest={work}/out", str(work))
    return (work / "out/version").read_text()


@pytest.mark.parametrize(
    "dockerfile",
    [
        f"FROM {PUBLIC}\n",
        f"ARG BASE_IMAGE_URI={PUBLIC}\nFROM ${{BASE_IMAGE_URI}}\n",
        f"ARG BASE_IMAGE_URI\nFROM ${{BASE_IMAGE_URI:-{PUBLIC}}}\n",
        f"FROM scratch\nCOPY --from={PUBLIC} /version /version\n",
        f"FROM {PUBLIC} AS first\nFROM scratch\nCOPY --from=first /version /version\n",
        f"FROM docker.io/library/{HUB}:latest\n",
        f"FROM scratch AS parent\nONBUILD COPY --from={PUBLIC} /version /version\nFROM parent\n",
        f"ARG TARGETARCH\nFROM {PUBLIC} AS for-amd64\nFROM for-$TARGETARCH\n",
    ],
    ids=["FROM", "ARG default", "fallback", "COPY --from", "a stage", "Docker Hub", "ONBUILD", "platform"],
)
def test_a_build_takes_the_pinned_image_from_the_mirror(
    engine: Engine, mirrored: Mirrored, tmp_path: Path, dockerfile: str
) -> None:
    """Without a pin, a build takes the newer image."""
    pins = UpstreamImages(lock=mirrored.lock, mirrors=mirrored.mirrors)
    assert built(engine, tmp_path, dockerfile, pins) == mirrored.pinned
    assert built(engine, tmp_path, dockerfile, UpstreamImages(mirrors=mirrored.mirrors)) == mirrored.newer


def test_an_image_that_names_its_digest_comes_from_the_mirror(
    engine: Engine, registry: str, tmp_path: Path
) -> None:
    content = push(engine, tmp_path, f"{registry}/public/tool:1")
    dockerfile = f"FROM public.invalid/tool:1@{Registry().digest(f'{registry}/public/tool:1')}\n"
    upstream = UpstreamImages(mirrors={"public.invalid": f"{registry}/public"})
    assert built(engine, tmp_path, dockerfile, upstream) == content


def test_an_image_of_a_stage_s_name_cannot_be_a_build_context(
    engine: Engine, registry: str, tmp_path: Path
) -> None:
    """BuildKit would replace the whole stage by the context, so external_images excludes it."""
    place = f"{registry}/hub/tool:1"
    push(engine, tmp_path, place)
    (tmp_path / "extra").write_text("of the stage")
    (tmp_path / "Dockerfile").write_text(
        "FROM tool AS tool\nCOPY extra /extra\nFROM scratch\nCOPY --from=tool /extra /extra\n"
    )
    assert external_images((tmp_path / "Dockerfile").read_bytes()).images == ()
    with pytest.raises(LocalError, match=r'"/extra": not found'):
        docker(engine, "build", f"--build-context=tool=docker-image://{place}", str(tmp_path))


def test_a_stand_in_in_the_store_is_what_its_name_as_a_build_context_means(
    engine: Engine, tmp_path: Path
) -> None:
    """docker_shim.py replaces a pin by the image's own name, which no registry serves."""
    (tmp_path / "version").write_text("stand-in")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY version /version\n")
    docker(engine, "build", "--provenance=false", f"--tag={PUBLIC}", str(tmp_path))
    (tmp_path / "Dockerfile").write_text(f"FROM {PUBLIC}\n")
    context = use_stand_in(f"{PUBLIC}=docker-image://{PUBLIC}@sha256:{'0' * 64}", [PUBLIC])
    output = f"--output=type=local,dest={tmp_path}/out"
    docker(engine, "build", "--build-context", context, output, str(tmp_path))
    assert (tmp_path / "out/version").read_text() == "stand-in"


def test_the_digest_of_a_tag_is_that_of_its_index(engine: Engine, registry: str, tmp_path: Path) -> None:
    image = f"{registry}/several:1"
    push(engine, tmp_path, image, platforms="linux/amd64,linux/arm64")
    shown = subprocess.run(
        [engine.docker, "buildx", "imagetools", "inspect", image, "--format={{json .Manifest}}"],
        env=engine.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert Registry().digest(image) == json.loads(shown.stdout)["digest"]


def test_update_locks_what_a_mirror_has_and_moves_with_it(
    engine: Engine, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "api.Dockerfile").write_text(f"FROM {PUBLIC}\n")
    mirror = ["--mirror", f"public.invalid={registry}/updated"]
    locked = []
    for _ in range(2):
        push(engine, tmp_path, f"{registry}/updated/lambda/python:3.13")
        assert main(["bases", "update", "--check", *mirror]) == 1
        assert main(["bases", "update", *mirror]) == 0
        locked.append(ImagesLock.read().images[PUBLIC])
    assert main(["bases", "update", "--check", *mirror]) == 0
    assert locked[0] != locked[1] == Registry().digest(f"{registry}/updated/lambda/python:3.13")


def test_an_unknown_tag_is_reported(registry: str) -> None:
    image = f"{registry}/nobody/has:this"
    with pytest.raises(ScopedImagesError) as raised:
        Registry().digest(image)
    assert str(raised.value) == f"cannot look up the digest of {image}: its registry has no such image or tag"
