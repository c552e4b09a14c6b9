"""What the CLI builds from is the context, entry by entry, in the folder that the asset manifest names."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from scoped_images import BuildOptions, OrderedAssets, Platform, ScopedContext, ScopedImage
from tests.cdk.assembly_folders import entries, expected, folders
from tests.cdk.small_app import PLACE
from tests.refusals import refused


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with links out of it, to files that no image may get."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("of this machine")
    root = tmp_path / "root"
    (root / "app" / "bin").mkdir(parents=True)
    (root / "app" / "certificates").symlink_to(tmp_path / "secret")
    (root / "app" / "bin" / "key").symlink_to("../../../secret/key")
    (root / "app" / "bin" / "inside").symlink_to("/app/main.py")
    (root / "app" / "main.py").write_text("print(1)\n")
    (root / "app" / "closed").mkdir(mode=0o700)
    (root / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
    return root


def image_in(
    scope: cdk.Stack, root: Path, options: BuildOptions | None = None, **contexts: Path | str
) -> ScopedImage:
    """The image of `root`, with these build contexts."""
    platform = Platform.LINUX_AMD64
    context = ScopedContext.from_dockerfile(root, platform=platform, build_contexts=contexts)
    return ScopedImage(scope, "Image", context=context, platform=platform, options=options)


def source_in(assembly: Path) -> tuple[Path, dict[str, Any]]:
    """The folder that the only image of an assembly is built in, and its source."""
    (manifest,) = assembly.rglob("*.assets.json")
    (image,) = json.loads(manifest.read_text())["dockerImages"].values()
    return manifest.parent / image["source"]["directory"], image["source"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_cli_builds_from_the_context_entry_by_entry(root: Path, mask: int) -> None:
    """And no file that a link leads to gets into the assembly."""
    before = os.umask(mask)
    try:
        app = cdk.App(outdir=str(root.parent / "cdk.out"))
        image = image_in(cdk.Stack(app, "App", env=PLACE), root)
        app.synth()
    finally:
        os.umask(before)
    (folder,) = folders(root.parent / "cdk.out")
    assert entries(folder) == expected(image.specs[0].context)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    contents = [path.read_bytes() for path in (root.parent / "cdk.out").rglob("*") if path.is_file()]
    assert not any(b"of this machine" in content for content in contents if not content.startswith(b"#"))


@pytest.mark.parametrize("synthesizer", [OrderedAssets, cdk.DefaultStackSynthesizer])
@pytest.mark.parametrize("place", ["stack", "nested stack", "stage", "nested stack in a stage"])
def test_every_place_of_an_image_leads_to_its_folders(place: str, synthesizer: Any, root: Path) -> None:
    (root / "Dockerfile").write_text("FROM scratch\nCOPY app /app\nCOPY --from=shared . /shared\n")
    app = cdk.App(outdir=str(root.parent / "cdk.out"), default_stack_synthesizer=synthesizer())
    stack = cdk.Stack(cdk.Stage(app, "Stage") if "stage" in place else app, "App", env=PLACE)
    scope = cdk.NestedStack(stack, "Nested") if "nested" in place else stack
    image = image_in(scope, root, shared=root / "app" / "bin")
    app.synth()
    folder, source = source_in(root.parent / "cdk.out")
    assert folder.resolve().parent == root.parent / "cdk.out"
    assert entries(folder) == expected(image.specs[0].context)
    assert sorted(entries(folder / source["dockerBuildContexts"]["shared"])) == ["inside", "key"]


def test_without_a_repository_asset_and_tag_are_the_fingerprint(root: Path) -> None:
    app = cdk.App(outdir=str(root.parent / "cdk.out"))
    stack = cdk.Stack(app, "App", env=PLACE, synthesizer=OrderedAssets(docker_tag_prefix="mine-"))
    image = image_in(stack, root)
    app.synth()
    (manifest,) = (root.parent / "cdk.out").glob("*.assets.json")
    ((name, asset),) = json.loads(manifest.read_text())["dockerImages"].items()
    assert name == image.specs[0].fingerprint
    assert [each["imageTag"] for each in asset["destinations"].values()] == [f"mine-{name}"]
    assert image.tag == f"mine-{name}"
    assert asset["displayName"] == "App/Image"


@pytest.mark.parametrize("synthesizer", [OrderedAssets, cdk.DefaultStackSynthesizer])
def test_every_option_reaches_the_build(
    root: Path, synthesizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret's file is named from the folder that docker runs in."""
    monkeypatch.chdir(root.parent)
    (root / "Dockerfile").write_text("FROM scratch\nCOPY --from=tools /a /a\n")
    tools = f"docker-image://tools@sha256:{'a' * 64}"
    options = BuildOptions(
        build_secrets={"key": "src=secret/key", "token": "env=TOKEN"},
        ssh="default",
        network="none",
        no_cache=True,
    )
    app = cdk.App(outdir=str(root.parent / "cdk.out"), default_stack_synthesizer=synthesizer())
    image_in(cdk.Stack(cdk.Stage(app, "Stage"), "App", env=PLACE), root, options, tools=tools)
    app.synth()
    folder, source = source_in(root.parent / "cdk.out")
    secret = source["dockerBuildSecrets"].pop("key")
    assert secret.startswith("src=../")
    assert (folder / secret.removeprefix("src=")).resolve() == root.parent / "secret" / "key"
    reached = ("dockerBuildSecrets", "dockerBuildContexts", "dockerBuildSsh", "networkMode", "cacheDisabled")
    assert [source[key] for key in reached] == [
        {"token": "env=TOKEN"},
        {"tools": tools},
        "default",
        "none",
        True,
    ]


def test_a_secret_whose_file_is_missing_is_refused_at_synth(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    stack = cdk.Stack(cdk.App(outdir=str(root.parent / "cdk.out")), "App", env=PLACE)
    with refused(
        f"build_secrets['pip']: {root.parent}/pip.conf is not a file, got 'src=pip.conf'; create it, or give a path that "
        f"starts from {root.parent}"
    ):
        image_in(stack, root, BuildOptions(build_secrets={"pip": "src=pip.conf"}))


def test_a_file_name_cannot_steer_terminal_or_ci_from_an_annotation(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "\x1b[2Jx\n::error::forged\u202etxt").write_text("x" * 100)
    (tmp_path / "root" / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    app = cdk.App(outdir=str(tmp_path / "cdk.out"))
    image_in(cdk.Stack(app, "App", env=PLACE), tmp_path / "root")
    (message,) = app.synth().get_stack_by_name("App").messages
    assert message.entry.data == (
        r"Dockerfile:2: takes the whole context; its largest parts: \x1b[2Jx\n::error::forged\u202etxt 100 B, "
        "Dockerfile 22 B [ack: scoped-images:context]"
    )


@pytest.mark.parametrize("outdir", ["dist", "."])
def test_a_context_that_takes_the_output_folder_of_the_app_is_an_error(
    outdir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app gives it without the CLI: before the first synth, nothing marks the folder."""
    monkeypatch.delenv("CDK_OUTDIR", raising=False)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    app = cdk.App(outdir=str(tmp_path / outdir))
    with refused(
        "context: 'App/Image' would hold CDK's output folder, which changes with each synth, got "
        f'outdir={outdir!r} in {tmp_path}; name it in the ignore file, or drop outdir= and set "output" in cdk.json'
    ):
        image_in(cdk.Stack(app, "App", env=PLACE), tmp_path)


def test_a_named_context_that_takes_the_output_folder_of_the_app_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CDK_OUTDIR", raising=False)
    (root / "Dockerfile").write_text("FROM scratch\nCOPY --from=shared . /shared\n")
    shared = root / "app" / "bin"
    app = cdk.App(outdir=str(shared / "dist"))
    with refused(
        "build_contexts['shared']: 'App/Image' would hold CDK's output folder, which changes with each synth, got "
        f"outdir='dist' in {shared}; name it in the ignore file, or drop outdir= and set \"output\" in cdk.json"
    ):
        image_in(cdk.Stack(app, "App", env=PLACE), root, shared=shared)


def test_an_output_folder_that_the_ignore_file_names_is_left_out_and_changes_no_tag(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / ".dockerignore").write_text("dist\n")
    tags = set()
    for _ in range(2):
        app = cdk.App(outdir=str(tmp_path / "dist"))
        image = image_in(cdk.Stack(app, "App", env=PLACE), tmp_path)
        app.synth()
        tags.add(image.specs[0].content_tag)
    assert len(tags) == 1
