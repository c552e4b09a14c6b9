"""The tag that dependents of a base are built from: of its content, of a commit, or one that stays until a refresh."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match, Template

from scoped_images import Platform, ScopedContext
from tests.cdk.base_stacks import base_in_own_stack, dependent_of, destinations
from tests.cdk.registry_resources import moved_tags
from tests.cdk.small_app import BOTH, REGISTRY, SmallApp

ONLY_AFTER_REFRESH = Match.string_like_regexp("only after scoped-images bases refresh")


def other(small_app: SmallApp) -> ScopedContext:
    """The base, with another content."""
    folder = small_app.context("base").root
    (folder / "code.py").write_text("other")
    return ScopedContext.of(folder)


@pytest.mark.parametrize(
    ("tag", "changes", "rebuilt"),
    [
        ("content", {"changed": True}, True),
        ("static", {"changed": True}, False),
        ("static", {"refresh_mark": "sha256:2"}, True),
        ("frozen", {"changed": True}, False),
    ],
)
def test_a_changed_base_rebuilds_its_dependents_unless_its_tag_stays(
    tmp_path: Path, tag: str, changes: dict[str, Any], rebuilt: bool
) -> None:
    tags = []
    for name, options in (("one", {}), ("two", dict(changes))):
        app = SmallApp(tmp_path / name)
        if options.pop("changed", False):
            options["context"] = other(app)
        tags.append(dependent_of(app, base_in_own_stack(app, tag=tag, **options)).specs[0].content_tag)
    assert (tags[0] != tags[1]) is rebuilt


@pytest.mark.parametrize(
    ("options", "same"),
    [({}, True), ({"refresh_mark": "sha256:2"}, False), ({"tag": "static"}, False)],
    ids=["changed", "refreshed", "thawed"],
)
def test_a_frozen_base_is_built_again_when_its_mark_changes(
    tmp_path: Path, options: dict[str, str], same: bool
) -> None:
    """The CLI builds only what the registry does not have."""
    pushed = []
    for name, further in (("one", {}), ("two", options)):
        app = SmallApp(tmp_path / name)
        context = other(app) if name == "two" else None
        base = base_in_own_stack(app, **{"tag": "frozen", "context": context, **further})
        assert base.uri == f"{REGISTRY}/base-dev:stable"
        (tags,) = moved_tags(Template.from_stack(cdk.Stack.of(base)))
        assert (tags["ImageTag"], tags["FromTag"]) == ("stable", base.content_tag)
        pushed.append(destinations(app.synth(), "Base"))
    assert (pushed[0] == pushed[1]) is same


def test_a_frozen_base_of_several_platforms_has_one_index_and_an_image_for_each(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app, tag="frozen", platform=None, platforms=BOTH)
    tags = {base.content_tag, *(spec.content_tag for spec in base.specs)}
    assert len(tags) == 3
    Annotations.from_stack(cdk.Stack.of(base)).has_info(
        "/Base/base", Match.string_like_regexp("not built before scoped-images bases refresh")
    )


def test_with_a_static_tag_dependents_are_built_from_stable_and_synth_says_so(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app, tag="static")
    assert base.uri == f"{REGISTRY}/base-dev:stable"
    image = dependent_of(small_app, base)
    Annotations.from_stack(cdk.Stack.of(image)).has_info("/App/Image", ONLY_AFTER_REFRESH)
    # Pushed by the CLI, `stable` would stay in the machine's image store, where FROM finds it however old it is.
    assert destinations(small_app.synth(), "Base") == {("base-dev", base.content_tag)}


def test_a_base_on_a_static_base_says_so_too(small_app: SmallApp) -> None:
    first, stack = base_in_own_stack(small_app, tag="static"), small_app.stack("Second")
    small_app.base(stack, "second", small_app.repository("second-dev"), base=first, tag="static")
    Annotations.from_stack(stack).has_info("/Second/second", ONLY_AFTER_REFRESH)


def commit(small_app: SmallApp) -> str:
    """Commit the context of `other`, and return what the tag of the commit has of its name."""
    git = ["git", "-C", str(small_app.directory), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "base"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    found = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return found.stdout[:32]


def test_with_a_git_tag_dependents_are_built_from_the_commit_while_the_files_are_that_commit_s(
    small_app: SmallApp,
) -> None:
    context = other(small_app)
    head = commit(small_app)
    base = base_in_own_stack(small_app, tag="git", context=context)
    assert base.uri == f"{REGISTRY}/base-dev:git-{head}"
    tags = moved_tags(Template.from_stack(cdk.Stack.of(base)))
    moved = {tag["ImageTag"]: tag["FromTag"] for tag in tags}
    assert moved == {"stable": base.content_tag, f"git-{head}": base.content_tag}
    # A new commit of the same content rebuilds no dependent.
    assert base.reference.identity == base.content_tag


@pytest.mark.parametrize("several", [False, True], ids=["an edited file", "an uncommitted one of a platform"])
def test_with_a_git_tag_files_that_differ_from_the_commit_fall_back_to_the_content(
    small_app: SmallApp, several: bool
) -> None:
    context, arm64, amd64 = other(small_app), Platform.LINUX_ARM64, Platform.LINUX_AMD64
    commit(small_app)
    if several:
        contexts = {arm64: context, amd64: small_app.context("uncommitted")}
    else:
        (context.root / "code.py").write_text("edited")
        contexts = {arm64: ScopedContext.of(context.root)}
    base = base_in_own_stack(
        small_app, tag="git", context=contexts.__getitem__, platform=None, platforms=list(contexts)
    )
    assert base.uri == f"{REGISTRY}/base-dev:{base.content_tag}"
