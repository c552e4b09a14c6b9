"""The files and the Dockerfile that an image of a workspace is built from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from scoped_images import (
    BuildOptions,
    OrderedAssets,
    Platform,
    ScopedImagesError,
)
from tests.cdk.workspace import DOCKERFILE, REGISTRY, images_in, sources, stack_in


@pytest.mark.parametrize("dockerfile", [None, "dockerfiles/function.Dockerfile"])
def test_what_the_dockerfile_does_not_read_moves_no_tag(
    app: cdk.App, root: Path, dockerfile: str | None
) -> None:
    (root / "dockerfiles").mkdir()
    (root / "dockerfiles" / "function.Dockerfile").write_text(DOCKERFILE)
    folder = root / "lambdas" / "upload_all"
    images, stack = images_in(app, root), stack_in(app)
    before = images.image(stack, "Before", "lambdas/upload_all", dockerfile=dockerfile)
    (folder / "README.md").write_text("how")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_handler.py").write_text("")
    beside = images.image(stack, "Beside", "lambdas/upload_all", dockerfile=dockerfile)
    (folder / "handler.py").write_text("changed = True\n")
    changed = images.image(stack, "Changed", "lambdas/upload_all", dockerfile=dockerfile)
    context = beside.specs[0].context
    assert (context.root.name, context.dockerfile.name) == (
        "upload_all",
        Path(dockerfile or "Dockerfile").name,
    )
    assert [file.path for file in context.files] == ["handler.py"]
    assert beside.tag == before.tag != changed.tag


def test_each_platform_has_the_files_that_the_options_of_the_build_ask_for(app: cdk.App, root: Path) -> None:
    folder = root / "lambdas" / "upload_all"
    (folder / "Dockerfile").write_text(
        "ARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI} AS first\nARG TARGETARCH\nARG MODE\n"
        "COPY ${MODE}-${TARGETARCH} /\nFROM first\nCOPY handler.py /\n"
    )
    for name in ("fast-amd64", "fast-arm64", "slow-amd64"):
        (folder / name).write_text("")
    image = images_in(app, root).image(
        stack_in(app),
        "Image",
        "lambdas/upload_all",
        platforms=[Platform.LINUX_AMD64, Platform.LINUX_ARM64],
        base=f"{REGISTRY}/own:1",
        options=BuildOptions(target="first", build_args={"MODE": "fast"}),
    )
    contexts = [spec.context for spec in image.specs]
    assert [[file.path for file in context.files] for context in contexts] == [["fast-amd64"], ["fast-arm64"]]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("handlr.py", "{source} does not exist: there is no {root}/lambdas/upload_all/handlr.py"),
        (
            "lambdas/upload_all/handler.py",
            "context: {source} must be below lambdas/upload_all, got 'lambdas/upload_all/handler.py' in the "
            "repository; write the path from that folder, or pass context=lambda platform: "
            "ScopedContext.from_dockerfile({given!r}, 'lambdas/upload_all/Dockerfile', platform=platform)",
        ),
    ],
    ids=["a typo", "from the repository"],
)
def test_a_source_that_is_missing_fails_at_synth(app: cdk.App, root: Path, source: str, problem: str) -> None:
    (root / "lambdas" / "upload_all" / "Dockerfile").write_text(f"FROM scratch\nCOPY {source} ./\n")
    images, stack = images_in(app, root), stack_in(app)
    with pytest.raises(ScopedImagesError) as caught:
        images.image(stack, "Image", "lambdas/upload_all")
    written = f"Dockerfile:2: COPY source {source!r}"
    assert str(caught.value) == problem.format(root=root.resolve(), given=str(root), source=written)


def test_a_synth_finds_the_same_after_synths_to_other_folders(root: Path) -> None:
    """The contexts in `o3` hold copies of the packages' files."""

    def synth(folder: str) -> list[dict[str, Any]]:
        app = cdk.App(outdir=str(root / folder), default_stack_synthesizer=OrderedAssets())
        images_in(app, root).image(stack_in(app), "Upload", "lambdas/upload_all")
        return [
            {key: source.get(key) for key in ("directory", "dockerBuildArgs")}
            for stack in ("shop-dev-base-shared", "shop-dev-functions")
            for source in sources(app, stack)
        ]

    first = synth("o3")
    assert list((root / "o3").glob("scoped-context-*/**/pyproject.toml")) != []
    assert synth("o3") == synth("deep/o4") == first
