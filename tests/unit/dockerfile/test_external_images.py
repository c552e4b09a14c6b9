"""The images that a target is built from, by the names that BuildKit uses for build contexts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoped_images import ScopedImagesError
from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.external_images import every_external_image, external_images
from scoped_images.dockerfile.target_options import TargetOptions
from tests.refusals import refused

LAMBDA = "public.ecr.aws/lambda/python:3.13"

# (sentence, Dockerfile, images)
FOUND = [
    ("an image by name", f"FROM {LAMBDA}", [LAMBDA]),
    ("an ARG's default", f"ARG BASE={LAMBDA}\nFROM ${{BASE}}", [LAMBDA]),
    ("a default where the ARG has no value", f"ARG BASE\nFROM ${{BASE:-{LAMBDA}}}", [LAMBDA]),
    ("a name from two ARGs", "ARG V=3.13\nARG I=python:$V\nFROM $I-slim", ["python:3.13-slim"]),
    ("COPY --from", "FROM scratch\nCOPY --from=ghcr.io/astral-sh/uv:0.9 /uv /", ["ghcr.io/astral-sh/uv:0.9"]),
    ("a mount", "FROM scratch\nRUN --mount=from=busybox,target=/b ls", ["busybox"]),
    ("the short form of Docker Hub", "FROM docker.io/library/python:latest", ["python"]),
    ("the short form of the old host", "FROM index.docker.io/bitnami/redis:8", ["bitnami/redis:8"]),
    ("a digest in its place", f"FROM a/b:1@sha256:{'0' * 64}", [f"a/b:1@sha256:{'0' * 64}"]),
    ("a registry with a port", "FROM localhost:5000/a/b", ["localhost:5000/a/b"]),
    ("an image once", "FROM a:1 AS x\nFROM a:1\nCOPY --from=x / /", ["a:1"]),
    ("a stage is not an image", "FROM a:1 AS x\nFROM x\nCOPY --from=0 / /\nRUN --mount=from=X ls", ["a:1"]),
    ("what other stages need is not needed", "FROM a:1 AS x\nCOPY --from=b:1 / /\nFROM c:1", ["c:1"]),
    ("scratch is none", "FROM scratch", []),
    ("a trigger of the parent", "FROM a:1 AS x\nONBUILD COPY --from=b:1 / /\nFROM x", ["a:1", "b:1"]),
    ("the target's platform", "FROM a:$TARGETARCH", ["a:amd64"]),
    ("a tag in capitals stays", "FROM a:RC1", ["a:RC1"]),
]


@pytest.mark.parametrize(("text", "images"), [f[1:] for f in FOUND], ids=[f[0] for f in FOUND])
def test_finds(text: str, images: list[str]) -> None:
    found = external_images(text)
    assert (list(found.images), found.warnings) == (images, ())


@st.composite
def stage_graphs(draw: st.DrawFn) -> list[tuple[str | int, list[str | int]]]:
    """Stages by number: what each is FROM and what it copies from, an earlier stage or an image."""
    images = st.sampled_from(["a:1", "b:1", "c:1", "d:1"])
    stages = []
    for number in range(draw(st.integers(1, 5))):
        origin = images if number == 0 else st.one_of(images, st.integers(0, number - 1))
        stages.append((draw(origin), draw(st.lists(origin, max_size=2))))
    return stages


@given(stages=stage_graphs(), data=st.data())
def test_the_images_are_those_that_can_be_reached_from_the_target(
    stages: list[tuple[str | int, list[str | int]]], data: st.DataObject
) -> None:
    lines = []
    for number, (base, copied) in enumerate(stages):
        lines.append(f"FROM {base if isinstance(base, str) else f's{base}'} AS s{number}")
        lines += [
            f"COPY --from={one if isinstance(one, str) else data.draw(name_of(one))} / /" for one in copied
        ]
    target = data.draw(st.integers(0, len(stages) - 1))

    def reached(origin: str | int) -> set[str]:
        if isinstance(origin, str):
            return {origin}
        base, copied = stages[origin]
        return set().union(*(reached(one) for one in (base, *copied)))

    assert set(external_images("\n".join(lines), TargetOptions(target=f"s{target}")).images) == reached(
        target
    )


def name_of(stage: int) -> st.SearchStrategy[str]:
    """A stage's name, in either case, or its number."""
    return st.sampled_from([f"s{stage}", f"S{stage}", str(stage)])


def test_names_that_mean_something_else_already_are_left_out() -> None:
    text = "ARG BASE\nFROM $BASE\nCOPY --from=docker.io/library/shared:latest / /\nCOPY --from=a:1 / /"
    base = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/base:sha-0123456789ab"
    found = external_images(text, TargetOptions(build_args={"BASE": base}, build_contexts=[base, "shared"]))
    assert found.images == ("a:1",)


def test_an_image_with_an_unknown_name_is_left_out_with_a_warning() -> None:
    found = external_images("FROM a:1 AS x\nFROM $BASE\nCOPY --from=x / /", name="api/Dockerfile")
    assert found.images == ("a:1",)
    assert found.warnings == (
        "api/Dockerfile:2: FROM depends on a variable without a value; the image is neither pinned nor mirrored",
    )


def test_an_image_of_a_stage_s_name_is_left_out_with_a_warning() -> None:
    """As a build context it would take the place of the stage, with all of its instructions."""
    found = external_images("FROM python AS python\nRUN make\nFROM b:1\nCOPY --from=python / /")
    assert found.images == ("b:1",)
    assert found.warnings == (
        "Dockerfile:1: 'python' is the name of an image and of a stage; rename the stage to have it; the image is "
        "neither pinned nor mirrored",
    )


def test_a_name_that_docker_does_not_take_is_an_error_with_its_line() -> None:
    with refused(
        "Dockerfile:2: 'Upper/Case' is not the name of an image; write it like public.ecr.aws/lambda/python:3.13, in "
        "lower case, or with @sha256: and 64 hex digits"
    ):
        external_images("FROM scratch\nCOPY --from=Upper/Case / /")


def test_every_image_of_every_stage_and_platform_is_found() -> None:
    text = "FROM a:$TARGETARCH AS x\nFROM $UNKNOWN AS y\nFROM b:1"
    found = every_external_image(text, name="Dockerfile")
    assert found.images == ("a:amd64", "a:arm64", "b:1")
    assert len(found.warnings) == 1


# (sentence, the name in the Dockerfile, the name of the build context)
SAME_NAMES = [
    ("the old host", "index.docker.io/library/alpine", "alpine"),
    ("the long form", "docker.io/library/alpine:latest", "alpine"),
    ("a context in the long form", "alpine", "index.docker.io/library/alpine:latest"),
    ("a folder of Docker Hub", "docker.io/team/tool:1", "team/tool:1"),
    ("a context for one platform", "alpine", "alpine::linux/amd64"),
]


@pytest.mark.parametrize(
    "text", ["FROM {}", "FROM scratch\nCOPY --from={} / /", "FROM scratch\nRUN --mount=from={} a"]
)
@pytest.mark.parametrize(("name", "context"), [s[1:] for s in SAME_NAMES], ids=[s[0] for s in SAME_NAMES])
def test_an_image_is_its_build_context_in_every_form_of_its_name(text: str, name: str, context: str) -> None:
    """Or a change of that context would rebuild nothing."""
    sources = context_sources(text.format(name), TargetOptions(build_contexts=[context]))
    assert tuple(sources.named) == (context,)
    assert external_images(text.format(name), TargetOptions(build_contexts=[context])).images == ()


def test_a_tag_in_another_case_is_another_image() -> None:
    assert external_images("FROM a:RC1", TargetOptions(build_contexts=["a:rc1"])).images == ("a:RC1",)


@pytest.mark.parametrize("name", ["Shared", "a b", "", "shared/"])
def test_a_build_context_that_buildx_refuses_is_an_error(name: str) -> None:
    with refused(
        f"build_contexts: invalid name, got {name!r}; use the name of a stage or an image, in lower case"
    ):
        context_sources("FROM scratch", TargetOptions(build_contexts=[name]))


def test_a_stage_whose_name_cannot_be_an_image_is_an_error() -> None:
    """BuildKit looks for a build context of each stage's name, and fails."""
    with pytest.raises(
        ScopedImagesError, match=r"^Dockerfile:2: the name of the stage is invalid: 'b_' is not the name"
    ):
        context_sources("FROM scratch AS a\nFROM scratch AS b_\nFROM a")


# (sentence, mounts, what the build fails without)
MOUNTS = [
    ("a secret", "type=secret,id=pip,required=true", [("secret", "pip")]),
    ("a switch", "type=secret,id=pip,required", [("secret", "pip")]),
    ("the source is the id", "type=secret,src=pip,required=1", [("secret", "pip")]),
    ("the target's name is the id", "type=secret,target=/a/pip.conf,required=T", [("secret", "pip.conf")]),
    ("a variable", "type=secret,id=$ID,required=$YES", [("secret", "pip")]),
    ("an agent", "type=ssh,required=true", [("ssh", "default")]),
    ("an agent with a name", "type=ssh,id=git,required=true", [("ssh", "git")]),
    ("nothing that may be missing", "type=secret,id=pip --mount=type=ssh,required=false", []),
]


@pytest.mark.parametrize(("mount", "expected"), [m[1:] for m in MOUNTS], ids=[m[0] for m in MOUNTS])
def test_required_secrets_and_agents_are_found(mount: str, expected: list[tuple[str, str]]) -> None:
    text = (
        "FROM scratch AS unused\nRUN --mount=type=secret,id=other,required a\n"
        f"FROM scratch\nARG ID=pip\nARG YES=true\nRUN --mount={mount} a"
    )
    found = external_images(text).required_mounts
    assert [(each.kind, each.id, each.line) for each in found] == [(*each, 6) for each in expected]
