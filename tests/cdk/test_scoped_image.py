"""One image feeds stock functions and task definitions, whose architecture follows it."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match, Template

from scoped_images import (
    BuildOptions,
    Platform,
    RegistryCache,
    RemoteBuilder,
    ScopedContext,
    ScopedImage,
    ScopedImagesError,
)
from tests.cdk.registry_resources import looked_up
from tests.cdk.small_app import PLACE, SmallApp

BOTH = [Platform.LINUX_ARM64, Platform.LINUX_AMD64]


def image_in(small_app: SmallApp, stack: cdk.Stack, **options: Any) -> ScopedImage:
    return ScopedImage(
        stack, "Image", **{"context": small_app.context("app"), "platform": Platform.LINUX_ARM64, **options}
    )


def container_in(stack: cdk.Stack, image: ScopedImage, **options: Any) -> None:
    task = ecs.FargateTaskDefinition(stack, "Task", **options)
    task.add_container("app", image=image.to_container_image())


def test_one_image_feeds_several_functions_by_their_commands(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image = image_in(small_app, stack)
    for name in ("one", "two"):
        lambda_.DockerImageFunction(stack, name, code=image.to_lambda_code(cmd=[f"{name}.handler"]))
    functions = Template.from_stack(stack).find_resources(
        "AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}}
    )
    commands = sorted(f["Properties"]["ImageConfig"]["Command"][0] for f in functions.values())
    assert commands == ["one.handler", "two.handler"]
    assert len({json.dumps(f["Properties"]["Code"]) for f in functions.values()}) == 1
    assert len(small_app.synth()["App.assets.json"]["dockerImages"]) == 1


@pytest.mark.parametrize(("platform", "architecture"), [("linux/arm64", "arm64"), ("linux/amd64", "x86_64")])
@pytest.mark.parametrize("pin_digest", [True, False])
def test_a_function_gets_the_architecture_of_its_image(
    small_app: SmallApp, platform: str, architecture: str, pin_digest: bool
) -> None:
    stack = small_app.stack("App")
    image = image_in(small_app, stack, platform=Platform(platform), pin_digest=pin_digest)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {"PackageType": "Image", "Architectures": [architecture]}
    )


@pytest.mark.parametrize(("platform", "architecture"), [("linux/arm64", "ARM64"), ("linux/amd64", "X86_64")])
def test_a_task_gets_the_architecture_of_its_image(
    small_app: SmallApp, platform: str, architecture: str
) -> None:
    stack = small_app.stack("App")
    container_in(stack, image_in(small_app, stack, platform=Platform(platform)))
    Template.from_stack(stack).has_resource_properties(
        "AWS::ECS::TaskDefinition",
        {"RuntimePlatform": {"CpuArchitecture": architecture, "OperatingSystemFamily": "LINUX"}},
    )


def test_a_function_of_another_architecture_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    code = image_in(small_app, stack).to_lambda_code()
    lambda_.DockerImageFunction(stack, "Function", code=code, architecture=lambda_.Architecture.X86_64)
    Annotations.from_stack(stack).has_error(
        "/App/Function/Resource",
        "App/Function/Resource: Architectures: its image is built for linux/arm64, got ['x86_64']; set ['arm64']",
    )


def test_a_task_of_another_architecture_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    x86 = ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.X86_64)
    container_in(stack, image_in(small_app, stack), runtime_platform=x86)
    Annotations.from_stack(stack).has_error(
        "/App/Task/Resource",
        "App/Task/Resource: RuntimePlatform.CpuArchitecture: its image is built for linux/arm64, got X86_64; set ARM64",
    )


def test_functions_of_other_code_do_not_change(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image_in(small_app, stack)
    lambda_.Function(
        stack,
        "Zip",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(e, c): pass"),
    )
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {"Code": {"ZipFile": Match.any_value()}, "Architectures": Match.absent()}
    )


def test_by_default_the_reference_is_the_tag(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image = image_in(small_app, stack)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    assert f":{image.tag}" in _image_uri(stack)
    assert "sha256" not in _image_uri(stack)


def test_a_pinned_digest_is_referenced_while_the_tag_stays_in_the_template(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image = image_in(small_app, stack, pin_digest=True)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    container_in(stack, image)
    template = Template.from_stack(stack)
    assert "@sha256:" in _image_uri(stack)
    (task,) = template.find_resources("AWS::ECS::TaskDefinition").values()
    assert "@sha256:" in json.dumps(task["Properties"]["ContainerDefinitions"][0]["Image"])
    assert [each["ImageTag"] for each in looked_up(template)] == [image.tag]


def test_the_digest_lookup_may_describe_images_and_write_its_log(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    assert image_in(small_app, stack).digest.startswith("sha256:${Token[")
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    log, describe = policy["Properties"]["PolicyDocument"]["Statement"]
    assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert "ScopedImagesRegistryLogs" in json.dumps(log["Resource"])
    assert describe["Action"] == "ecr:DescribeImages"
    assert "container-assets" in json.dumps(describe["Resource"])


@pytest.mark.parametrize("pin_digest", [True, False])
def test_a_new_image_is_a_new_version_of_its_function(small_app: SmallApp, pin_digest: bool) -> None:
    """Aliases and CodeDeploy stay on the old version otherwise."""
    ids = []
    for name in ("one", "two"):
        stack = small_app.stack(name)
        image = image_in(small_app, stack, context=small_app.context(name), pin_digest=pin_digest)
        function = lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
        version = function.current_version.node.default_child
        assert isinstance(version, lambda_.CfnVersion)
        small_app.app.synth(force=True)
        ids.append(stack.resolve(version.logical_id))
    assert ids[0] != ids[1]


def test_the_architecture_is_set_in_a_stage_too(small_app: SmallApp) -> None:
    stage = cdk.Stage(small_app.app, "Stage", env=PLACE)
    stack = cdk.Stack(stage, "App")
    image = image_in(small_app, stack)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    Template.from_stack(stack).has_resource_properties("AWS::Lambda::Function", {"Architectures": ["arm64"]})


def test_images_of_one_id_in_two_stacks_keep_their_platforms(small_app: SmallApp) -> None:
    stacks = [small_app.stack("One"), small_app.stack("Two")]
    for stack, platform in zip(stacks, Platform, strict=True):
        image = image_in(small_app, stack, platform=platform, pin_digest=True)
        lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    for stack, architecture in zip(stacks, ("x86_64", "arm64"), strict=True):
        Template.from_stack(stack).has_resource_properties(
            "AWS::Lambda::Function", {"PackageType": "Image", "Architectures": [architecture]}
        )


def test_a_pinned_image_in_another_stack_is_an_error(small_app: SmallApp) -> None:
    code = image_in(small_app, small_app.stack("Images"), pin_digest=True).to_lambda_code()
    stack = small_app.stack("Functions")
    lambda_.DockerImageFunction(stack, "Function", code=code)
    Annotations.from_stack(stack).has_error(
        "/Functions/Function/Resource",
        "Functions/Function/Resource: its image is named by a value that stack 'Images' exports, and CloudFormation "
        "changes no export that is in use; put both into one stack, make the image with pin_digest=False, or set "
        "@aws-cdk/core:defaultCrossStackReferences to 'weak'",
    )


def test_a_pinned_index_in_another_stack_is_an_error(small_app: SmallApp) -> None:
    image = several(small_app, pin_digest=True)
    stack = small_app.stack("Tasks")
    container_in(stack, image)
    Annotations.from_stack(stack).has_error(
        "/Tasks/Task/Resource", Match.string_like_regexp("named by a value that stack 'App' exports")
    )


def test_a_pinned_image_runs_in_a_nested_stack_of_its_own(small_app: SmallApp) -> None:
    """Its digest gets there as a parameter, which changes with it."""
    stack = small_app.stack("App")
    code = image_in(small_app, stack, pin_digest=True).to_lambda_code()
    lambda_.DockerImageFunction(cdk.NestedStack(stack, "Nested"), "Function", code=code)
    files = small_app.synth()
    (nested,) = (content for name, content in files.items() if name.endswith(".nested.template.json"))
    (function,) = (
        each for each in nested["Resources"].values() if each["Properties"].get("PackageType") == "Image"
    )
    assert function["Properties"]["Architectures"] == ["arm64"]
    assert "Ref" in json.dumps(function["Properties"]["Code"])
    assert "aws:cdk:error" not in json.dumps(files["App.metadata.json"])


@pytest.mark.parametrize("platforms", [BOTH[:1], BOTH])
def test_what_runs_an_image_of_another_stack_waits_for_that(
    small_app: SmallApp, platforms: list[Platform]
) -> None:
    """A tag is a literal, so CloudFormation sees no dependency, and the tag may not be there yet."""
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image = image_in(
        small_app, small_app.stack("Images"), platform=None, platforms=platforms, repository=repository
    )
    functions, tasks = small_app.stack("Functions"), small_app.stack("Tasks")
    lambda_.DockerImageFunction(functions, "Function", code=image.to_lambda_code(platform=platforms[0]))
    container_in(tasks, image)
    artifacts = small_app.synth()["manifest.json"]["artifacts"]
    for stack in ("Functions", "Tasks"):
        assert "Images" in artifacts[stack]["dependencies"]


def test_an_image_whose_stack_waits_for_what_runs_it_is_an_error(small_app: SmallApp) -> None:
    images, functions = small_app.stack("Images"), small_app.stack("Functions")
    images.add_stack_dependency(functions)
    code = image_in(small_app, images).to_lambda_code()
    lambda_.DockerImageFunction(functions, "Function", code=code)
    Annotations.from_stack(functions).has_error(
        "/Functions/Function/Resource",
        "Functions/Function/Resource: its image is published by stack 'Images', which itself waits for 'Functions'; put "
        "the image into the stack that runs it",
    )


def test_an_index_as_a_function_s_code_is_an_error(small_app: SmallApp) -> None:
    image = several(small_app)
    stack = cdk.Stack.of(image)
    code = lambda_.DockerImageCode.from_ecr(image.repository, tag_or_digest=image.tag)
    lambda_.DockerImageFunction(stack, "Function", code=code)
    Annotations.from_stack(stack).has_error(
        "/App/Function/Resource",
        "App/Function/Resource: Lambda takes an image of one platform, got an index over several; make the code with "
        "to_lambda_code(platform=…)",
    )


def test_a_task_of_images_for_two_platforms_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    task = ecs.FargateTaskDefinition(stack, "Task")
    for name, platform in zip(("one", "two"), Platform, strict=True):
        image = ScopedImage(stack, name, context=small_app.context(name), platform=platform)
        task.add_container(f"{name}-container", image=image.to_container_image())
    Annotations.from_stack(stack).has_error(
        "/App/Task/Resource",
        "App/Task/Resource: all its images must run on one architecture, got images for linux/amd64 and "
        "linux/arm64; build them for the same platform",
    )


def test_a_command_in_one_text_is_refused(small_app: SmallApp) -> None:
    image = image_in(small_app, small_app.stack("App"))
    with pytest.raises(ScopedImagesError) as caught:
        image.to_lambda_code(cmd="app.handler")
    assert str(caught.value) == "cmd: must be a list of words, got 'app.handler'; use ['app.handler']"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base": 1}, "base of 'App/Image': must be BaseImage, got int 1; use a base image, or the URI of"),
        ({"context": "folder"}, "context of 'App/Image': must be ScopedContext, got str 'folder'"),
        ({"repository": "app-dev"}, "repository of 'App/Image': must be ImageRepository, got str 'app-dev'"),
        (
            {"platform": aws_ecr_assets.Platform.LINUX_AMD64},
            "platform: must be a Platform of scoped_images, got aws_cdk.aws_ecr_assets.Platform; from scoped_images "
            "import Platform, and pass Platform.LINUX_AMD64",
        ),
        ({"platform": "arm64"}, "platform is 'arm64', and must be one of 'linux/amd64', 'linux/arm64'"),
        ({"platforms": BOTH}, "platform: 'App/Image' takes either platform or platforms, got both; pass"),
        (
            {"platform": None, "platforms": BOTH},
            "repository: 'App/Image' needs one, which keeps the index over its platforms, got None; pass an",
        ),
        (
            {"platform": None, "platforms": "linux/arm64"},
            "platforms: expected a list, got 'linux/arm64'; pass ['linux/arm64']",
        ),
        (
            {"named_bases": {"b": "./x"}},
            "named_bases['b'] of 'App/Image': './x' is not the name of an image; write it like",
        ),
        (
            {"options": {"target": "prod"}},
            "options of 'App/Image': must be BuildOptions, got dict {'target': 'prod'}; use BuildOptions(build_args=",
        ),
        (
            {"builder": RemoteBuilder},
            "builder: expected an instance, got the class RemoteBuilder; pass a RemoteBuilder(…)",
        ),
        (
            {"builder": "remote"},
            "builder of 'App/Image': must be ImageBuilder, got str 'remote'; use a RemoteBuilder",
        ),
        (
            {"options": BuildOptions(cache="app")},
            "cache: CDK's own repository takes none, got 'app' for 'App/Image'; give the image repository=",
        ),
        (
            {"moving_tag": "dev"},
            "moving_tag: tags of CDK's own repository never move, got 'dev' for 'App/Image'; give the image",
        ),
        (
            {"moving_tag": "stable"},
            "moving_tag of 'App/Image': 'stable' is the library's own, got 'stable'; use another name, such as 'dev'",
        ),
        (
            {"moving_tag": "sha-1"},
            "moving_tag of 'App/Image': 'sha-*' is the library's own, got 'sha-1'; use another name, such as 'dev'",
        ),
        (
            {"moving_tag": "a/b"},
            "moving_tag of 'App/Image': expected a tag of 1-128 letters, digits, '.', '_' and '-', got 'a/b'; use a",
        ),
        (
            {"context": lambda _: "x"},
            "context of 'App/Image': must be ScopedContext, got str 'x'; use what a function",
        ),
        (
            {"options": BuildOptions(target="prod")},
            "target: Dockerfile has no such stage, got 'prod'; none of its stages has a name",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_jsii_would_refuse_obscurely_is_named(
    small_app: SmallApp, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        image_in(small_app, small_app.stack("App"), **options)
    assert str(caught.value).startswith(message)


def test_a_platform_may_be_text(small_app: SmallApp) -> None:
    assert image_in(small_app, small_app.stack("App"), platform="linux/amd64").platforms == (
        Platform.LINUX_AMD64,
    )


def test_a_cache_for_another_platform_is_refused(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    cache = RegistryCache(repository=repository.address, platform=Platform.LINUX_AMD64)
    with pytest.raises(
        ScopedImagesError,
        match="cache: a cache holds one platform, got linux/amd64 for",
    ):
        image_in(small_app, small_app.stack("App"), repository=repository, options=BuildOptions(cache=cache))


def test_a_cache_without_its_repository_is_refused(small_app: SmallApp) -> None:
    """Else nothing makes the build wait for the repository, and the first cache is lost in silence."""
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    cache = RegistryCache(repository=repository.address, platform=Platform.LINUX_ARM64)
    with pytest.raises(ScopedImagesError, match="pass that ImageRepository as repository="):
        image_in(small_app, small_app.stack("App"), options=BuildOptions(cache=cache))


def test_cache_options_do_not_change_the_asset(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image_in(small_app, small_app.stack("One"), repository=repository, options=BuildOptions(cache=False))
    image_in(small_app, small_app.stack("Two"), repository=repository)
    files = small_app.synth()
    plain, cached = (files[f"{stack}.assets.json"]["dockerImages"] for stack in ("One", "Two"))
    assert [image["destinations"] for image in plain.values()] == [
        image["destinations"] for image in cached.values()
    ]
    assert [name[-64:] for name in plain] == [name[-64:] for name in cached]


def test_with_a_repository_the_image_is_there_by_its_content_and_nowhere_else(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    stack = small_app.stack("App")
    image = image_in(small_app, stack, repository=repository)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    (spec,) = image.specs
    files = small_app.synth()
    (asset,) = files["App.assets.json"]["dockerImages"].values()
    (destination,) = asset["destinations"].values()
    assert (destination["repositoryName"], destination["imageTag"]) == ("app-dev", spec.content_tag)
    assert f"/app-dev:{spec.content_tag}" in json.dumps(files["App.template.json"])
    assert "container-assets" not in json.dumps(files["App.template.json"])


def test_equal_images_of_two_repositories_are_published_to_both(small_app: SmallApp) -> None:
    """CDK makes one asset of equal ones."""
    repositories = small_app.stack("Repositories")
    stack = small_app.stack("App")
    for name in ("one", "two"):
        repository = small_app.repository(repositories, f"{name}-dev")
        ScopedImage(
            stack,
            name,
            context=small_app.context("app"),
            platform=Platform.LINUX_ARM64,
            repository=repository,
        )
    images = small_app.synth()["App.assets.json"]["dockerImages"].values()
    published = {
        destination["repositoryName"] for image in images for destination in image["destinations"].values()
    }
    assert published == {"one-dev", "two-dev"}


def test_equal_images_of_one_repository_are_built_and_pushed_once(small_app: SmallApp) -> None:
    """Two builds at once might differ in their digest, and a content tag takes one."""
    repositories = small_app.stack("Repositories")
    repository = small_app.repository(repositories, "app-dev")
    stacks = [small_app.stack(name) for name in ("One", "Two")]
    for stack, name in ((stacks[0], "one"), (stacks[0], "two"), (stacks[1], "three")):
        context = small_app.context("app")
        ScopedImage(stack, name, context=context, platform=Platform.LINUX_ARM64, repository=repository)
    files = small_app.synth()
    ((one, first),) = files["One.assets.json"]["dockerImages"].items()
    ((two, second),) = files["Two.assets.json"]["dockerImages"].items()
    # What the CLI tells equal assets of several stacks by.
    assert (one, first["source"], first["destinations"]) == (two, second["source"], second["destinations"])


def several(small_app: SmallApp, **options: Any) -> ScopedImage:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    return image_in(
        small_app, small_app.stack("App"), platform=None, platforms=BOTH, repository=repository, **options
    )


@pytest.mark.parametrize("pin_digest", [True, False])
def test_of_several_platforms_containers_get_the_index_and_functions_one_image(
    small_app: SmallApp, pin_digest: bool
) -> None:
    image = several(small_app, pin_digest=pin_digest)
    stack = cdk.Stack.of(image)
    for platform in BOTH:
        code = image.to_lambda_code(platform=platform)
        lambda_.DockerImageFunction(stack, platform.slug, code=code)
    container_in(stack, image)
    template = Template.from_stack(stack)
    ((index_id, index),) = template.find_resources("Custom::ScopedImagesIndex").items()
    assert index["Properties"]["Images"] == {str(spec.platform): spec.content_tag for spec in image.specs}
    assert index["Properties"]["ImageTag"] == image.tag
    functions = template.find_resources("AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}})
    architectures = {f["Properties"]["Architectures"][0] for f in functions.values()}
    assert architectures == {"arm64", "x86_64"}
    (task,) = template.find_resources("AWS::ECS::TaskDefinition").values()
    uri = json.dumps(task["Properties"]["ContainerDefinitions"][0]["Image"])
    assert (index_id if pin_digest else image.tag) in uri
    assert "RuntimePlatform" not in task["Properties"]
    assert not any(index_id in json.dumps(f["Properties"]["Code"]) for f in functions.values())


def test_after_images_were_deleted_by_hand_digests_and_indexes_are_asked_for_again(
    small_app: SmallApp,
) -> None:
    small_app.app.node.set_context("scoped-images:again", "2026-11-21")
    image = several(small_app, pin_digest=True)
    image.to_lambda_code(platform=BOTH[0])
    template = Template.from_stack(cdk.Stack.of(image))
    for kind in ("Custom::ScopedImagesDigests", "Custom::ScopedImagesIndex"):
        template.resource_properties_count_is(kind, {"Again": "2026-11-21"}, 1)


def test_else_their_properties_stay_what_they_are(small_app: SmallApp) -> None:
    template = Template.from_stack(cdk.Stack.of(several(small_app)))
    template.resource_properties_count_is("Custom::ScopedImagesIndex", {"Again": Match.absent()}, 1)


def test_of_several_platforms_each_has_a_cache_of_its_own(small_app: SmallApp) -> None:
    several(small_app)
    images = small_app.synth()["App.assets.json"]["dockerImages"].values()
    refs = {image["source"]["platform"]: image["source"]["cacheTo"]["params"]["ref"] for image in images}
    assert {platform: ref.partition(":")[2] for platform, ref in refs.items()} == {
        "linux/arm64": "cache-linux-arm64",
        "linux/amd64": "cache-linux-amd64",
    }


def test_a_context_may_depend_on_the_platform(small_app: SmallApp) -> None:
    image = several(small_app, context=lambda platform: small_app.context(platform.slug))
    assert [spec.context.root.name for spec in image.specs] == ["linux-arm64", "linux-amd64"]


def test_a_function_of_several_platforms_names_one(small_app: SmallApp) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        several(small_app).to_lambda_code()
    assert str(caught.value) == (
        "platform: Lambda takes no index, got None for 'App/Image'; pass one of linux/arm64 and linux/amd64"
    )


def _image_uri(stack: cdk.Stack) -> str:
    functions = Template.from_stack(stack).find_resources(
        "AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}}
    )
    (function,) = functions.values()
    return json.dumps(function["Properties"]["Code"]["ImageUri"])


def test_two_images_that_overwrite_each_other_s_cache_are_a_warning(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image_in(small_app, small_app.stack("One"), repository=repository)
    second = small_app.stack("Two")
    image_in(small_app, second, repository=repository, context=small_app.context("other"))
    Annotations.from_stack(second).has_warning(
        "/Two/Image",
        Match.string_like_regexp(
            r"cache: 'One/Image' exports to it too and each overwrites the other's, got"
        ),
    )


def test_images_of_one_repository_keep_a_cache_each(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    stack = small_app.stack("App")
    for name in ("one", "two"):
        ScopedImage(
            stack,
            name,
            context=small_app.context(name),
            repository=repository,
            options=BuildOptions(cache=name),
        )
    images = small_app.synth()["App.assets.json"]["dockerImages"].values()
    refs = [image["source"]["cacheTo"]["params"]["ref"].partition(":")[2] for image in images]
    assert refs == ["cache-one-linux-amd64", "cache-two-linux-amd64"]
    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("cache:")) == []


def cache_of(small_app: SmallApp) -> dict[str, Any]:
    """The cache options of the app's only image asset."""
    ((image,),) = [small_app.synth()["App.assets.json"]["dockerImages"].values()]
    return {key: value for key, value in image["source"].items() if key.startswith("cache")}


def test_a_build_reads_and_writes_its_cache(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image_in(small_app, small_app.stack("App"), repository=repository)
    assert cache_of(small_app).keys() == {"cacheFrom", "cacheTo"}


def dockerfile_of(small_app: SmallApp, text: str) -> ScopedContext:
    """A context with a Dockerfile of these steps."""
    context = small_app.context("steps")
    context.dockerfile.write_text(f"ARG BASE_IMAGE_URI=scratch\nFROM ${{BASE_IMAGE_URI}}\n{text}")
    return ScopedContext.of(context.root)


def test_an_image_that_only_copies_has_no_cache_unless_it_is_asked_for(small_app: SmallApp) -> None:
    repositories = small_app.stack("Repositories")
    repository = small_app.repository(repositories, "app-dev")
    copies = dockerfile_of(small_app, "COPY . /\n")
    stack = small_app.stack("App")
    image_in(small_app, stack, repository=repository, context=copies)
    asked = small_app.repository(repositories, "asked-dev")
    ScopedImage(
        stack,
        "Asked",
        context=copies,
        platform=Platform.LINUX_ARM64,
        repository=asked,
        options=BuildOptions(cache=RegistryCache(repository=asked.address, platform=Platform.LINUX_ARM64)),
    )
    images = small_app.synth()["App.assets.json"]["dockerImages"].values()
    assert {image["displayName"]: "cacheTo" in image["source"] for image in images} == {
        "App/Image": False,
        "App/Asked": True,
    }


def test_one_note_says_that_a_dockerfile_downloads_its_base(small_app: SmallApp) -> None:
    repositories = small_app.stack("Repositories")
    base = small_app.base(small_app.stack("Base"), "Base", small_app.repository(repositories, "base-dev"))
    context = dockerfile_of(small_app, "WORKDIR /app\nCOPY code.py ./\n")
    notes = []
    for name in ("one", "two"):
        stack = small_app.stack(name)
        repository = small_app.repository(repositories, f"{name}-dev")
        image_in(small_app, stack, context=context, base=base, repository=repository)
        notes += Annotations.from_stack(stack).find_info("*", Match.any_value())
    assert [note.entry.data for note in notes] == [
        "Dockerfile: a build that only pushes must download the base image because of WORKDIR in line 3, COPY in line 4; "
        "set WORKDIR in the base image, and use COPY --link with an absolute target (docs/build.md) "
        "[ack: scoped-images:download]"
    ]


@pytest.mark.parametrize("steps", ["COPY --link code.py /app/\n", "COPY code.py /app/\nRUN true\n"])
def test_a_dockerfile_that_does_not_or_must_download_its_base_gets_no_note(
    small_app: SmallApp, steps: str
) -> None:
    repositories, stack = small_app.stack("Repositories"), small_app.stack("App")
    base = small_app.base(small_app.stack("Base"), "Base", small_app.repository(repositories, "base-dev"))
    image_in(small_app, stack, context=dockerfile_of(small_app, steps), base=base)
    Annotations.from_stack(stack).has_no_info("*", Match.any_value())


def test_an_option_keeps_one_build_from_writing_its_cache(small_app: SmallApp) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image_in(
        small_app, small_app.stack("App"), repository=repository, options=BuildOptions(cache_export=False)
    )
    assert cache_of(small_app).keys() == {"cacheFrom"}


@pytest.mark.parametrize("value", ["false", False])
def test_a_context_value_keeps_a_whole_app_from_writing_caches(small_app: SmallApp, value: object) -> None:
    small_app.app.node.set_context("scoped-images:cache-export", value)
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image_in(small_app, small_app.stack("App"), repository=repository)
    assert cache_of(small_app).keys() == {"cacheFrom"}


def test_a_build_of_a_pull_request_writes_no_cache_unless_the_app_says_so(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_HEAD_REF", "feature")
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image_in(small_app, small_app.stack("App"), repository=repository)
    assert cache_of(small_app).keys() == {"cacheFrom"}


def test_a_context_value_lets_the_build_of_a_pull_request_write_its_cache(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_HEAD_REF", "feature")
    small_app.app.node.set_context("scoped-images:cache-export", "true")
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image_in(small_app, small_app.stack("App"), repository=repository)
    assert cache_of(small_app).keys() == {"cacheFrom", "cacheTo"}


@pytest.mark.parametrize(
    ("ref", "main_branch", "writes"),
    [
        ("refs/heads/main", None, True),
        ("refs/heads/develop", "develop", True),
        ("refs/heads/develop", None, False),
        ("refs/tags/v1", None, False),
    ],
)
def test_only_ci_s_builds_of_the_main_branch_write_its_cache(
    small_app: SmallApp,
    monkeypatch: pytest.MonkeyPatch,
    ref: str,
    main_branch: str | None,
    writes: bool,
) -> None:
    monkeypatch.setenv("GITHUB_REF", ref)
    small_app.app.node.set_context("scoped-images:main-branch", main_branch)
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image_in(small_app, small_app.stack("App"), repository=repository)
    assert cache_of(small_app).keys() == {"cacheFrom", *(["cacheTo"] if writes else [])}


def test_one_note_says_that_caches_are_not_written(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/feature")
    repositories, notes = small_app.stack("Repositories"), []
    for name in ("one", "two"):
        stack = small_app.stack(name)
        image_in(small_app, stack, repository=small_app.repository(repositories, f"{name}-dev"))
        notes += Annotations.from_stack(stack).find_info("*", Match.any_value())
    assert [note.entry.data for note in notes] == [
        "cache: CI builds branch 'feature', so registry caches are read and not written; scoped-images:main-branch in "
        "the context names another main branch, and -c scoped-images:cache-export=true writes them in this build "
        "[ack: scoped-images:cache-export]"
    ]


@pytest.mark.parametrize(
    ("variable", "writes"), [({"GITHUB_REF": "refs/heads/x"}, True), ({"GITHUB_HEAD_REF": "x"}, False)]
)
def test_a_branch_writes_a_cache_of_its_own_and_a_pull_request_none(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch, variable: dict[str, str], writes: bool
) -> None:
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    cache = RegistryCache(repository=repository.address, platform=Platform.LINUX_ARM64, branch="x")
    image_in(small_app, small_app.stack("App"), repository=repository, options=BuildOptions(cache=cache))
    assert ("cacheTo" in cache_of(small_app)) == writes


@pytest.mark.parametrize("value", ["", 7])
def test_a_main_branch_without_a_name_is_refused(small_app: SmallApp, value: object) -> None:
    small_app.app.node.set_context("scoped-images:main-branch", value)
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    with pytest.raises(ScopedImagesError) as refused:
        image_in(small_app, small_app.stack("App"), repository=repository)
    assert str(refused.value) == (
        f"scoped-images:main-branch: must be the name of a branch, got {value!r}; write "
        '"scoped-images:main-branch": "develop"'
    )


def test_a_context_value_of_another_kind_is_refused(small_app: SmallApp) -> None:
    small_app.app.node.set_context("scoped-images:cache-export", "no")
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    with pytest.raises(ScopedImagesError) as refused:
        image_in(small_app, small_app.stack("App"), repository=repository)
    assert str(refused.value) == (
        "scoped-images:cache-export: must be true or false, got 'no'; pass -c scoped-images:cache-export=false"
    )


def test_a_pin_is_true_or_false(small_app: SmallApp) -> None:
    with pytest.raises(
        ScopedImagesError, match="pin_digest of 'App/Image': must be bool, got str 'false'; use True or False"
    ):
        image_in(small_app, small_app.stack("App"), pin_digest="false")


def test_what_a_pin_costs_is_said_once_for_an_app(small_app: SmallApp) -> None:
    stacks = [small_app.stack("One"), small_app.stack("Two")]
    for stack in stacks:
        image_in(small_app, stack, pin_digest=True)
    notes = [
        note for stack in stacks for note in Annotations.from_stack(stack).find_info("*", Match.any_value())
    ]
    assert [(note.id, note.entry.data) for note in notes] == [
        (
            "/One/Image",
            "pin_digest: only CloudFormation can look the digest up, so cdk watch and cdk deploy --hotswap skip what runs"
            " this image and end green with the old code; deploy with --hotswap-fallback, or use pin_digest=False where "
            "you hotswap [ack: scoped-images:pin-digest]",
        )
    ]


def test_an_image_by_its_tag_says_nothing_of_hotswaps(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image_in(small_app, stack)
    assert Annotations.from_stack(stack).find_info("*", Match.any_value()) == []
