"""The registry cache of an image: which builds read it, which write it, and what synth says of it."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match

from scoped_images import BuildOptions, Platform, RegistryCache, RepositoryAddress
from tests.cdk.small_app import SmallApp, notes
from tests.refusals import refused


def test_two_images_that_overwrite_each_other_s_cache_are_a_warning(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    small_app.image(small_app.stack("One"), repository=repository)
    second = small_app.stack("Two")
    small_app.image(second, repository=repository, context=small_app.context("other"))
    Annotations.from_stack(second).has_warning(
        "/Two/Image",
        Match.string_like_regexp(
            r"cache: 'One/Image' exports to it too and each overwrites the other's, got"
        ),
    )


def test_images_of_one_repository_keep_a_cache_each(small_app: SmallApp) -> None:
    repository, stack = small_app.repository("app-dev"), small_app.stack("App")
    for name in ("one", "two"):
        context = small_app.context(name)
        small_app.image(stack, name, context=context, repository=repository, options=BuildOptions(cache=name))
    refs = [image["source"]["cacheTo"]["params"]["ref"].partition(":")[2] for image in small_app.assets()]
    assert refs == ["cache-one-linux-arm64", "cache-two-linux-arm64"]
    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("cache:")) == []


EXPORT, MAIN = "scoped-images:cache-export", "scoped-images:main-branch"


def test_an_image_that_only_copies_has_no_cache_unless_it_is_asked_for(small_app: SmallApp) -> None:
    copies = small_app.context("copies", "COPY . /\n")
    stack = small_app.stack("App")
    small_app.image(stack, context=copies, repository=small_app.repository("app-dev"))
    asked = small_app.repository("asked-dev")
    cache = RegistryCache(repository=asked.address, platform=Platform.LINUX_ARM64)
    small_app.image(stack, "Asked", context=copies, repository=asked, options=BuildOptions(cache=cache))
    assert {image["displayName"]: "cacheTo" in image["source"] for image in small_app.assets()} == {
        "App/Image": False,
        "App/Asked": True,
    }


def test_one_note_of_an_app_says_that_a_dockerfile_downloads_its_base(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = small_app.base(small_app.stack("Base"), "Base", small_app.repository("base-dev"))
    contexts = [
        small_app.context(name, "WORKDIR /app\nCOPY code.py ./\n") for name in ("steps", "same-steps")
    ]
    monkeypatch.chdir(contexts[0].root.parent)
    stacks = [small_app.stack(name) for name in ("one", "two")]
    for stack, context in zip(stacks, contexts, strict=True):
        repository = small_app.repository(f"{stack.stack_name}-dev")
        small_app.image(
            stack, context=context, base=base, repository=repository, platform=Platform.LINUX_ARM64
        )
    assert [text for _, text in notes(*stacks)] == [
        "steps/Dockerfile: a build that only pushes must download the base image because of WORKDIR in line 3, COPY in "
        "line 4; set WORKDIR in the base image, and use COPY --link with an absolute target (docs/build.md) "
        "[ack: scoped-images:download]"
    ]


@pytest.mark.parametrize("steps", ["COPY --link code.py /app/\n", "COPY code.py /app/\nRUN true\n"])
def test_a_dockerfile_that_does_not_or_must_download_its_base_gets_no_note(
    small_app: SmallApp, steps: str
) -> None:
    base = small_app.base(small_app.stack("Base"), "Base", small_app.repository("base-dev"))
    stack = small_app.stack("App")
    small_app.image(
        stack, context=small_app.context("steps", steps), base=base, platform=Platform.LINUX_ARM64
    )
    assert notes(stack) == []


ADDRESS = RepositoryAddress(account="111111111111", region="eu-west-1", name="app-dev")
OF_BRANCH = {"cache": RegistryCache(repository=ADDRESS, platform=Platform.LINUX_ARM64, branch="x")}
BUILDS: dict[str, tuple[dict[str, str], dict[str, object], dict[str, Any], bool]] = {
    "on a laptop": ({}, {}, {}, True),
    "forbidden by an option": ({}, {}, {"cache_export": False}, False),
    "forbidden on the command line": ({}, {EXPORT: "false"}, {}, False),
    "forbidden in cdk.json": ({}, {EXPORT: False}, {}, False),
    "of a pull request": ({"GITHUB_HEAD_REF": "x"}, {}, {}, False),
    "of a pull request, set to write": ({"GITHUB_HEAD_REF": "x"}, {EXPORT: "true"}, {}, True),
    "of a pull request, with a cache of its branch": ({"GITHUB_HEAD_REF": "x"}, {}, OF_BRANCH, False),
    "of the app's own main branch": ({"GITHUB_REF": "refs/heads/x"}, {MAIN: "x"}, {}, True),
    "with a cache of its branch": ({"GITHUB_REF": "refs/heads/x"}, {}, OF_BRANCH, True),
}


@pytest.mark.parametrize("build", BUILDS)
def test_a_build_reads_its_cache_and_writes_it_unless_it_must_not(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch, build: str
) -> None:
    variables, context, options, writes = BUILDS[build]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for key, setting in context.items():
        small_app.app.node.set_context(key, setting)
    repository = small_app.repository("app-dev")
    small_app.image(small_app.stack("App"), repository=repository, options=BuildOptions(**options))
    (image,) = small_app.assets()
    found = {key for key in image["source"] if key.startswith("cache")}
    assert found == {"cacheFrom", *(["cacheTo"] if writes else [])}


def test_one_note_says_that_caches_are_not_written(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/feature")
    stacks = [small_app.stack(name) for name in ("one", "two")]
    for stack in stacks:
        small_app.image(stack, repository=small_app.repository(f"{stack.stack_name}-dev"))
    assert [text for _, text in notes(*stacks)] == [
        "cache: CI builds branch 'feature', so registry caches are read and not written; scoped-images:main-branch in "
        "the context names another main branch, and -c scoped-images:cache-export=true writes them in this build "
        "[ack: scoped-images:cache-export]"
    ]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (EXPORT, "no", "must be true or false, got 'no'; pass -c scoped-images:cache-export=false"),
        (MAIN, "", 'must be the name of a branch, got \'\'; write "scoped-images:main-branch": "develop"'),
        (MAIN, 7, 'must be the name of a branch, got 7; write "scoped-images:main-branch": "develop"'),
    ],
)
def test_a_context_value_of_another_kind_is_refused(
    small_app: SmallApp, key: str, value: object, message: str
) -> None:
    small_app.app.node.set_context(key, value)
    with refused(f"{key}: {message}"):
        small_app.image(small_app.stack("App"), repository=small_app.repository("app-dev"))
