"""Base images are published under a content tag and a moving one, by a function that reaches two repositories."""

from __future__ import annotations

import subprocess
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match, Template

from scoped_images import BuildOptions, Platform, ScopedContext, ScopedImage, ScopedImagesError
from tests.cdk.registry_resources import moved_tags
from tests.cdk.small_app import PLACE, SmallApp

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"


def base_in_own_stack(small_app: SmallApp, **options: Any) -> Any:
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    return small_app.base(small_app.stack("Base"), "base", repository, **options)


def image_of(files: dict[str, Any], stack: str) -> dict[str, Any]:
    (image,) = files[f"{stack}.assets.json"]["dockerImages"].values()
    source: dict[str, Any] = image["source"]
    return source


def destinations(files: dict[str, Any], stack: str) -> set[tuple[str, str]]:
    return {
        (destination["repositoryName"], destination["imageTag"])
        for image in files[f"{stack}.assets.json"]["dockerImages"].values()
        for destination in image["destinations"].values()
    }


def test_is_pushed_by_its_content_and_then_tagged_as_stable(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    template = Template.from_stack(cdk.Stack.of(base))
    assert moved_tags(template) == [
        {
            "RegistryId": "111111111111",
            "RepositoryName": "base-dev",
            "FromTag": base.content_tag,
            "ImageTag": "stable",
        }
    ]
    # Its program of 50 MB copies to other places only.
    template.resource_count_is("Custom::CDKECRDeployment", 0)
    assert destinations(small_app.synth(), "Base") == {("base-dev", base.content_tag)}


def test_a_second_base_in_a_stack_is_refused(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    other = small_app.repository(small_app.stack("Others"), "other-dev")
    with pytest.raises(
        ScopedImagesError,
        match="stack 'Base' already has a base image, got 'Base/base' and 'Base/other'; put",
    ):
        small_app.base(cdk.Stack.of(base), "other", other)


def test_a_second_base_in_a_repository_is_refused(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    small_app.base(small_app.stack("Base"), "base", repository)
    with pytest.raises(
        ScopedImagesError, match="'Other/other' would move the tag 'stable' of 'Base/base', got"
    ):
        small_app.base(small_app.stack("Other"), "other", repository)


@pytest.mark.parametrize("place", [None, cdk.Environment(account="111111111111", region="us-east-1")])
def test_a_dependent_elsewhere_is_refused(small_app: SmallApp, place: cdk.Environment | None) -> None:
    base = base_in_own_stack(small_app)
    with pytest.raises(
        ScopedImagesError, match=r"needs a literal account|deploy both to one account and region"
    ):
        ScopedImage(
            cdk.Stack(small_app.app, "App", env=place),
            "Image",
            context=small_app.context("app"),
            platforms=base.platforms,
            base=base,
        )


def test_a_dockerfile_that_does_not_take_the_base_is_refused(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    context = small_app.context("app")
    context.dockerfile.write_text("FROM scratch\nCOPY . /\n")
    with pytest.raises(ScopedImagesError, match="base is given, but Dockerfile has no ARG BASE_IMAGE_URI"):
        ScopedImage(
            small_app.stack("App"),
            "Image",
            context=ScopedContext.of(context.root),
            platforms=base.platforms,
            base=base,
        )


def test_a_base_in_another_stage_is_refused(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    stage = cdk.Stage(small_app.app, "Stage", env=PLACE)
    with pytest.raises(ScopedImagesError, match="are in different stages"):
        ScopedImage(
            cdk.Stack(stage, "App"),
            "Image",
            context=small_app.context("app"),
            platforms=base.platforms,
            base=base,
        )


def test_a_base_of_another_app_is_refused(small_app: SmallApp, tmp_path_factory: Any) -> None:
    base = base_in_own_stack(SmallApp(tmp_path_factory.mktemp("other")))
    with pytest.raises(ScopedImagesError) as caught:
        dependent_of(small_app, base)
    assert str(caught.value) == (
        "'App/Image' and its base image 'Base/base' are in different stages or apps, and CDK orders no stacks across "
        "them; put both into one Stage of one App"
    )


def test_a_base_whose_stack_waits_for_its_dependent_is_refused(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    app = small_app.stack("App")
    cdk.Stack.of(base).add_stack_dependency(app)
    with pytest.raises(ScopedImagesError) as caught:
        ScopedImage(app, "Image", context=small_app.context("app"), platforms=base.platforms, base=base)
    assert str(caught.value) == (
        "'App/Image' needs its base image 'Base/base', whose stack 'Base' itself waits for 'App'; remove one of the "
        "two dependencies"
    )


def test_a_base_without_a_repository_is_refused(small_app: SmallApp) -> None:
    with pytest.raises(
        ScopedImagesError,
        match="repository: 'Base/base' needs one, which its dependents are built",
    ):
        small_app.base(small_app.stack("Base"), "base", None)  # type: ignore[arg-type]


def test_a_dependent_is_built_from_the_content_tag(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    image = ScopedImage(
        small_app.stack("App"), "Image", context=small_app.context("app"), platforms=base.platforms, base=base
    )
    assert base.uri == f"{REGISTRY}/base-dev:{base.content_tag}"
    assert image_of(small_app.synth(), "App")["dockerBuildArgs"] == {"BASE_IMAGE_URI": base.uri}
    assert image.specs[0].base == base.published.reference


def dependent_of(small_app: SmallApp, base: Any, stack: str = "App") -> ScopedImage:
    return ScopedImage(
        small_app.stack(stack),
        "Image",
        context=small_app.context("app"),
        platforms=base.platforms[:1],
        base=base,
    )


def other(small_app: SmallApp) -> Any:
    """The base, with another content."""
    folder = small_app.directory / "base"
    folder.mkdir(exist_ok=True)
    (folder / "code.py").write_text("other")
    (folder / "Dockerfile").write_text("ARG BASE_IMAGE_URI=scratch\nFROM ${BASE_IMAGE_URI}\nCOPY . /\n")
    return ScopedContext.of(folder)


def rebuilt(tmp_path: Any, one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Whether a dependent's content tag differs between two ways to make its base."""
    tags = []
    for name, options in (("one", one), ("two", two)):
        folder = tmp_path / name
        folder.mkdir()
        app = SmallApp(folder)
        if options.pop("changed", False):
            options["context"] = other(app)
        tags.append(dependent_of(app, base_in_own_stack(app, **options)).specs[0].content_tag)
    return tags[0] != tags[1]


def test_a_changed_base_rebuilds_its_dependents(tmp_path: Any) -> None:
    assert rebuilt(tmp_path, {}, {"changed": True})


def test_with_a_static_tag_it_does_not(tmp_path: Any) -> None:
    assert not rebuilt(tmp_path, {"tag": "static"}, {"tag": "static", "changed": True})


def test_with_a_static_tag_another_refresh_mark_does(tmp_path: Any) -> None:
    assert rebuilt(tmp_path, {"tag": "static"}, {"tag": "static", "refresh_mark": "sha256:2"})


def test_with_a_frozen_tag_neither_dependents_nor_the_base_are_rebuilt(tmp_path: Any) -> None:
    assert not rebuilt(tmp_path, {"tag": "frozen"}, {"tag": "frozen", "changed": True})


@pytest.mark.parametrize(
    ("options", "same"),
    [({}, True), ({"refresh_mark": "sha256:2"}, False), ({"tag": "static"}, False)],
    ids=["changed", "refreshed", "thawed"],
)
def test_a_frozen_base_is_built_again_when_its_mark_changes(
    tmp_path: Any, options: dict[str, str], same: bool
) -> None:
    """The CLI builds only what the registry does not have."""
    pushed = []
    for name, further in (("one", {}), ("two", options)):
        folder = tmp_path / name
        folder.mkdir()
        app = SmallApp(folder)
        base = base_in_own_stack(
            app, **{"tag": "frozen", "context": other(app) if further or name == "two" else None} | further
        )
        assert base.uri == f"{REGISTRY}/base-dev:stable"
        (tags,) = moved_tags(Template.from_stack(cdk.Stack.of(base)))
        assert (tags["ImageTag"], tags["FromTag"]) == ("stable", base.content_tag)
        pushed.append(destinations(app.synth(), "Base"))
    assert (pushed[0] == pushed[1]) is same


def test_a_frozen_base_of_several_platforms_has_one_index_and_an_image_for_each(small_app: SmallApp) -> None:
    platforms = [Platform.LINUX_ARM64, Platform.LINUX_AMD64]
    base = base_in_own_stack(small_app, tag="frozen", platform=None, platforms=platforms)
    tags = {base.content_tag, *(spec.content_tag for spec in base.specs)}
    assert len(tags) == 3
    Annotations.from_stack(cdk.Stack.of(base)).has_info(
        "/Base/base", Match.string_like_regexp("not built before scoped-images bases refresh")
    )


def test_with_a_static_tag_dependents_are_built_from_stable_and_synth_says_so(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app, tag="static")
    assert base.uri == f"{REGISTRY}/base-dev:stable"
    image = dependent_of(small_app, base)
    Annotations.from_stack(cdk.Stack.of(image)).has_info(
        "/App/Image", Match.string_like_regexp("only after scoped-images bases refresh")
    )
    files = small_app.synth()
    # Pushed by the CLI, `stable` would stay in the machine's image store, where FROM finds it however old it is.
    assert destinations(files, "Base") == {("base-dev", base.content_tag)}


def commit(folder: Any) -> str:
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "base"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    found = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return found.stdout[:32]


def test_with_a_git_tag_dependents_are_built_from_the_commit_while_the_files_are_that_commit_s(
    small_app: SmallApp,
) -> None:
    context = other(small_app)
    head = commit(small_app.directory)
    base = base_in_own_stack(small_app, tag="git", context=context)
    assert base.uri == f"{REGISTRY}/base-dev:git-{head}"
    tags = moved_tags(Template.from_stack(cdk.Stack.of(base)))
    assert {tag["ImageTag"]: tag["FromTag"] for tag in tags} == {
        "stable": base.content_tag,
        f"git-{head}": base.content_tag,
    }


def test_with_a_git_tag_an_edited_file_falls_back_to_the_content(small_app: SmallApp) -> None:
    context = other(small_app)
    commit(small_app.directory)
    (context.root / "code.py").write_text("edited")
    base = base_in_own_stack(small_app, tag="git", context=ScopedContext.of(context.root))
    assert base.uri == f"{REGISTRY}/base-dev:{base.content_tag}"


def test_a_new_commit_of_the_same_content_rebuilds_no_dependent(small_app: SmallApp) -> None:
    context = other(small_app)
    commit(small_app.directory)
    base = base_in_own_stack(small_app, tag="git", context=context)
    assert base.published.reference.identity == base.content_tag


def test_with_a_git_tag_every_platform_s_files_are_asked_about(small_app: SmallApp) -> None:
    other(small_app)
    commit(small_app.directory)
    one = ScopedContext.of(small_app.directory / "base")
    contexts = {Platform.LINUX_ARM64: one, Platform.LINUX_AMD64: small_app.context("uncommitted")}
    base = base_in_own_stack(
        small_app, tag="git", context=contexts.__getitem__, platform=None, platforms=list(contexts)
    )
    assert base.uri == f"{REGISTRY}/base-dev:{base.content_tag}"


def test_named_bases_are_contexts_and_count(small_app: SmallApp) -> None:
    repositories = small_app.stack("Repositories")
    first, second = (
        small_app.base(small_app.stack(name), name, small_app.repository(repositories, f"{name}-dev"))
        for name in ("first", "second")
    )
    stack = small_app.stack("App")
    images = [
        ScopedImage(
            stack,
            name,
            context=small_app.context("app"),
            platforms=first.platforms,
            base=first,
            named_bases=named,
        )
        for name, named in (("plain", {}), ("named", {"base-second": second}))
    ]
    assert images[0].specs[0].content_tag != images[1].specs[0].content_tag
    files = small_app.synth()
    contexts = [
        image["source"].get("dockerBuildContexts")
        for image in files["App.assets.json"]["dockerImages"].values()
    ]
    assert contexts == [None, {"base-second": f"docker-image://{second.uri}"}]
    dependencies = files["manifest.json"]["artifacts"]["App.assets"]["dependencies"]
    assert set(dependencies) == {"first", "second"}


def test_dependents_of_several_platforms_are_built_from_one_index(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app, platform=None, platforms=[Platform.LINUX_ARM64, Platform.LINUX_AMD64])
    template = Template.from_stack(cdk.Stack.of(base))
    ((index_id, index),) = template.find_resources("Custom::ScopedImagesIndex").items()
    (tags,) = template.find_resources("Custom::ScopedImagesTags").values()
    assert index["Properties"]["ImageTag"] == base.content_tag == base.uri.partition(":")[2]
    assert [tag["FromTag"] for tag in moved_tags(template)] == [base.content_tag]
    assert index_id in tags["DependsOn"]
    assert destinations(small_app.synth(), "Base") == {("base-dev", spec.content_tag) for spec in base.specs}
    assert dependent_of(small_app, base).specs[0].base == base.published.reference


def test_caches_in_its_repository(small_app: SmallApp) -> None:
    base_in_own_stack(small_app)
    source = image_of(small_app.synth(), "Base")
    ref = f"{REGISTRY}/base-dev:cache-linux-arm64"
    assert [option["params"]["ref"] for option in source["cacheFrom"]] == [ref]
    assert source["cacheTo"]["params"]["ref"] == ref


def test_cache_false_means_none(small_app: SmallApp) -> None:
    base_in_own_stack(small_app, options=BuildOptions(cache=False))
    assert image_of(small_app.synth(), "Base").keys().isdisjoint({"cacheFrom", "cacheTo"})


def test_a_base_and_its_dependent_in_one_stack_are_refused(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    with pytest.raises(ScopedImagesError) as caught:
        ScopedImage(
            cdk.Stack.of(base), "Image", context=small_app.context("app"), platforms=base.platforms, base=base
        )
    assert str(caught.value) == (
        "'Base/Image' is in the same stack as its base image 'Base/base': the CLI builds all images of a stack before "
        "it deploys the stack; put 'Base/base' into a stack of its own"
    )


def test_a_base_and_its_repository_in_one_stack_are_refused(small_app: SmallApp) -> None:
    stack = small_app.stack("One")
    repository = small_app.repository(stack, "base-dev")
    with pytest.raises(ScopedImagesError, match="is in the same stack as its repository 'One/base-dev'"):
        small_app.base(stack, "base", repository)


def test_a_stack_without_account_and_region_is_refused(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    with pytest.raises(ScopedImagesError, match="env: stack 'Agnostic' needs a literal account and region"):
        small_app.base(cdk.Stack(small_app.app, "Agnostic"), "base", repository)


def test_a_stack_in_another_region_is_refused(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    elsewhere = small_app.stack("Far", env=cdk.Environment(account="111111111111", region="us-east-1"))
    with pytest.raises(ScopedImagesError) as caught:
        small_app.base(elsewhere, "base", repository)
    assert str(caught.value) == (
        "env: repository 'base-dev' is in 111111111111/eu-west-1, got 111111111111/us-east-1 for stack 'Far'; deploy "
        "both to one account and region"
    )


def test_a_base_of_another_platform_is_refused(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    with pytest.raises(
        ScopedImagesError,
        match="platform: base image 'Base/base' is built for linux/arm64, got linux/amd64 for",
    ):
        ScopedImage(
            small_app.stack("App"),
            "Image",
            context=small_app.context("app"),
            platform=Platform.LINUX_AMD64,
            base=base,
        )


def test_an_unknown_tag_strategy_is_refused(small_app: SmallApp) -> None:
    with pytest.raises(
        ScopedImagesError,
        match="tag: expected one of 'content', 'git', 'static', 'frozen', got 'latest' for 'Base/base'",
    ):
        base_in_own_stack(small_app, tag="latest")


def test_a_base_on_a_static_base_says_so_too(small_app: SmallApp) -> None:
    first = base_in_own_stack(small_app, tag="static")
    repository = small_app.repository(small_app.stack("More"), "second-dev")
    second = small_app.base(small_app.stack("Second"), "second", repository, base=first, tag="static")
    Annotations.from_stack(cdk.Stack.of(second)).has_info(
        "/Second/second", Match.string_like_regexp("only after scoped-images bases refresh")
    )
