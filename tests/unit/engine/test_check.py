"""An engine's recorded answers decide whether a deploy can build with it, and with which options."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence

import pytest

from scoped_images.engine.builder import Builder
from scoped_images.engine.check import Answer, expect_engine
from tests.refusals import refused
from tests.unit.engine import recorded


def answering(
    *, version: Answer = recorded.DOCKER, buildx: Answer = recorded.BUILDX, inspected: Answer
) -> Callable[[Sequence[str]], Answer]:
    answers = {
        ("--version",): version,
        ("buildx", "version"): buildx,
        ("-D", "builder", "inspect"): inspected,
    }
    return lambda arguments: answers[tuple(arguments)]


NOT_ASKED = Answer(returncode=99, stdout="", stderr="nobody asks this")


@pytest.mark.parametrize(
    "inspected", [recorded.CONTAINERD_STORE, recorded.LOADS_IMAGES], ids=["default", "loads"]
)
def test_an_engine_that_loads_images_and_exports_caches_needs_no_options(inspected: Answer) -> None:
    engine = expect_engine({}, answering(inspected=inspected))
    assert (engine.warning, engine.cdk_options) == (None, ())


def test_overlay2_as_recorded_deploys_without_exporting_caches() -> None:
    engine = expect_engine({}, answering(inspected=recorded.OVERLAY2))
    assert engine.cdk_options == ["-c", "scoped-images:cache-export=false"]
    assert engine.warning == (
        "builder 'default': it cannot export registry caches, got driver 'docker' without the containerd image store; "
        "deploy with -c scoped-images:cache-export=false, or turn that store on"
    )


CREATE = "--driver docker-container --driver-opt default-load=true"
REFUSED: list[tuple[str, Mapping[str, str], Callable[[Sequence[str]], Answer], str]] = [
    (
        "podman 4.3.1 as recorded",
        {},
        answering(version=recorded.PODMAN, inspected=NOT_ASKED),
        "docker: podman takes no registry cache and ignores pinned images, got 'podman version 4.3.1'; install Docker "
        "Engine, or set CDK_DOCKER to the path of docker",
    ),
    (
        "podman by CDK_DOCKER",
        {"CDK_DOCKER": "podman"},
        answering(version=recorded.PODMAN, inspected=NOT_ASKED),
        "podman: podman takes no registry cache and ignores pinned images, got 'podman version 4.3.1'; install Docker "
        "Engine, or set CDK_DOCKER to the path of docker",
    ),
    (
        "BuildKit turned off",
        {"DOCKER_BUILDKIT": "0"},
        answering(inspected=NOT_ASKED),
        "DOCKER_BUILDKIT: it turns off BuildKit, which --build-context needs, got '0'; unset it",
    ),
    (
        "no buildx as recorded",
        {},
        answering(buildx=recorded.NO_BUILDX, inspected=NOT_ASKED),
        "docker: its buildx plugin is missing, got 'docker: unknown command: docker buildx'; install "
        "docker-buildx-plugin (Debian: docker-buildx)",
    ),
    (
        "an unknown builder as recorded",
        {"BUILDX_BUILDER": "nowhere"},
        answering(inspected=recorded.NO_BUILDER),
        "BUILDX_BUILDER: there is no such builder, got 'nowhere'; unset it, or run docker buildx create --name nowhere "
        + CREATE,
    ),
    (
        "no engine as recorded",
        {},
        answering(inspected=recorded.NO_ENGINE),
        "docker: its engine does not answer, got 'Cannot connect to the Docker daemon at unix:///tmp/nowhere.sock. Is "
        "the docker daemon running?'; start Docker, or choose an engine with DOCKER_HOST or docker context use",
    ),
    (
        "a hung engine",
        {},
        answering(inspected=Answer(returncode=1, stdout="", stderr="no answer within 60 seconds")),
        "docker: its engine does not answer, got 'no answer within 60 seconds'; start Docker, or choose an engine with "
        "DOCKER_HOST or docker context use",
    ),
    (
        "a builder that keeps images, as recorded",
        {"BUILDX_BUILDER": "plain"},
        answering(inspected=recorded.KEEPS_IMAGES),
        "builder 'plain': it keeps images to itself, and cdk deploy needs them in Docker's image store, got driver "
        "'docker-container' without default-load; unset BUILDX_BUILDER, or run docker buildx create --name NAME "
        + CREATE,
    ),
]


@pytest.mark.parametrize(
    ("environment", "ask", "error"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_an_engine_that_cannot_build_is_refused_with_the_way_out(
    environment: Mapping[str, str], ask: Callable[[Sequence[str]], Answer], error: str
) -> None:
    with refused(error):
        expect_engine(environment, ask)


def test_a_program_that_is_missing_is_refused_by_its_name() -> None:
    def missing(_: Sequence[str]) -> Answer:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    with refused(
        "/opt/docker: cannot run it, got 'No such file or directory'; install Docker Engine with buildx, or set "
        "CDK_DOCKER to the path of docker"
    ):
        expect_engine({"CDK_DOCKER": "/opt/docker"}, missing)


def test_an_engine_that_is_neither_docker_nor_podman_is_a_warning() -> None:
    """Neither nerdctl nor finch can be had here: the text is finch's, by its documentation."""
    version = Answer(returncode=0, stdout="finch version v1.11.0\n")
    engine = expect_engine({"CDK_DOCKER": "finch"}, answering(version=version, inspected=NOT_ASKED))
    assert engine.warning == (
        "CDK_DOCKER: this engine is not tested, got 'finch version v1.11.0'; use Docker Engine if a build rejects "
        "--build-context or --cache-to"
    )


def test_a_feature_that_one_node_of_a_builder_lacks_is_missing() -> None:
    first, second = recorded.LOADS_IMAGES.stdout, recorded.KEEPS_IMAGES.stdout
    builder = Builder.parse(first + second.partition("Nodes:")[2])
    assert (builder.name, builder.loads, builder.exports_cache) == ("loads", False, True)


def test_a_buildx_that_lists_no_features_says_nothing_about_them() -> None:
    builder = Builder.parse(recorded.OVERLAY2.stdout.partition("Features:")[0])
    assert (builder.driver, builder.loads, builder.exports_cache) == ("docker", None, None)
