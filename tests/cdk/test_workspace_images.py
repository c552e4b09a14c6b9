"""One object for every image of a repository: what it makes, in which order, and what takes its parts' place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from scoped_images import (
    BaseGraph,
    BaseImages,
    BuildOptions,
    Environment,
    ImageLifecycle,
    ImagePruner,
    ImageRepository,
    ImagesLock,
    OrderedAssets,
    Platform,
    RemoteBuilder,
    Retention,
    ScopedContext,
    ScopedImagesError,
    UpstreamImages,
    WorkspaceImages,
)
from tests.refusals import refused

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
DOCKERFILE = "ARG BASE_IMAGE_URI=python:3.13\nFROM ${BASE_IMAGE_URI}\nCOPY handler.py ./\nRUN true\n"
NOT_OPTIONS: Any = {"target": "a"}
FILES = {
    "packages/shared/pyproject.toml": '[project]\nname = "shared"\nversion = "1"\n',
    "packages/shared/src/shared/__init__.py": "",
    "lambdas/upload_all/pyproject.toml": (
        '[project]\nname = "upload-all"\nversion = "1"\ndependencies = ["shared"]\n'
    ),
    "lambdas/upload_all/Dockerfile": DOCKERFILE,
    "lambdas/upload_all/handler.py": "",
    "services/web_site/Dockerfile": "FROM node:24\nCOPY handler.py ./\n",
    "services/web_site/handler.py": "",
}


def environment(**changes: Any) -> Environment:
    return Environment(**{"name": "dev", "account": "111111111111", "region": "eu-west-1", **changes})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def app(tmp_path: Path) -> cdk.App:
    return cdk.App(outdir=str(tmp_path / "cdk.out"), default_stack_synthesizer=OrderedAssets())


def stack_in(app: cdk.App, name: str = "shop-dev-functions") -> cdk.Stack:
    return cdk.Stack(app, name, env=environment().place)


def images_in(app: cdk.App, root: Path, env: Any = None, **parts: Any) -> WorkspaceImages:
    return WorkspaceImages(app, env or environment(), prefix="shop-dev", root=root, **parts)


def sources(app: cdk.App, stack: str) -> list[dict[str, Any]]:
    folder = Path(app.synth(force=True).directory)
    manifest = json.loads((folder / f"{stack}.assets.json").read_text())
    return [image["source"] for image in manifest["dockerImages"].values()]


def test_it_makes_what_the_images_need_each_in_its_stack_and_in_order(app: cdk.App, root: Path) -> None:
    images = images_in(app, root, environment(pruning="delete", builder="local"))
    stack = stack_in(app)
    image = images.image(stack, "UploadImage", "lambdas/upload_all")
    lambda_.DockerImageFunction(stack, "Upload", code=image.to_lambda_code())
    images.image(stack, "SiteImage", "services/web_site")
    (upload, site) = sources(app, "shop-dev-functions")
    assert upload["dockerBuildArgs"]["BASE_IMAGE_URI"] == images.bases["shared"].uri
    assert upload["cacheFrom"][0]["params"]["ref"] == f"{REGISTRY}/upload-all-dev:cache-linux-amd64"
    assert "dockerBuildArgs" not in site
    assembly = app.synth()
    waits = {each.id: {other.id for other in each.dependencies} for each in assembly.stacks}
    assert waits["shop-dev-base-shared"] >= {"shop-dev-repositories"}
    assert waits["shop-dev-functions"] >= {"shop-dev-repositories", "shop-dev-base-shared"}
    assert [each.stack_name for each in images.stacks] == [
        "shop-dev-repositories",
        "shop-dev-base-shared",
        "shop-dev-pruner",
    ]
    repositories = Template.from_stack(images.repositories).find_resources("AWS::ECR::Repository").values()
    assert [each["Properties"]["RepositoryName"] for each in repositories] == [
        "base-shared-dev",
        "upload-all-dev",
        "web-site-dev",
    ]
    assert images.pruner is not None
    assert images.pruner.settings.repositories == ("base-shared-dev", "upload-all-dev", "web-site-dev")
    assert images.pruner.settings.bases == ("base-shared-dev",)


def test_the_pruner_may_delete_from_repositories_that_are_added_later(app: cdk.App, root: Path) -> None:
    images = images_in(app, root, environment(pruning="delete"))
    images.image(stack_in(app), "Image", "upload-all")
    assert images.pruner is not None
    template = Template.from_stack(cdk.Stack.of(images.pruner)).to_json()
    (statement,) = [
        statement
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Policy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "ecr:BatchDeleteImage"
    ]
    assert all(f"repository/{name}-dev" in json.dumps(statement) for name in ("base-shared", "upload-all"))
    assert "upload-all-dev" in json.dumps(
        [each["Properties"].get("Environment") for each in template["Resources"].values()]
    )


def test_the_bases_are_derived_as_the_arguments_say(app: cdk.App, root: Path) -> None:
    (root / "old").mkdir()
    (root / "old" / "pyproject.toml").write_text('[project]\nname = "shared"\nversion = "0"\n')
    images = images_in(
        app,
        root,
        packages=["packages/*", "lambdas/*", "old"],
        exclude=["old"],
        public_image="python:3.12-slim",
        platforms=[Platform.LINUX_ARM64, Platform.LINUX_AMD64],
    )
    amd64, arm64 = sorted(sources(app, "shop-dev-base-shared"), key=lambda source: str(source["platform"]))
    assert [amd64["platform"], arm64["platform"]] == ["linux/amd64", "linux/arm64"]
    dockerfile = Path(app.outdir, amd64["directory"], amd64.get("dockerFile", "Dockerfile")).read_text()
    assert "ARG PUBLIC_IMAGE=python:3.12-slim\n" in dockerfile
    assert images.bases["shared"].platforms == (Platform.LINUX_ARM64, Platform.LINUX_AMD64)


def test_without_pruning_ecr_keeps_the_newest_images(app: cdk.App, root: Path) -> None:
    images = images_in(app, root, environment(max_images=3))
    assert images.pruner is None
    (repository,) = Template.from_stack(images.repositories).find_resources("AWS::ECR::Repository").values()
    assert "keep the newest 3 images" in repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]


def test_every_image_is_built_on_aws_where_the_environment_says_so(app: cdk.App, root: Path) -> None:
    images = images_in(app, root, environment(builder="remote", pruning=None))
    stack = stack_in(app)
    images.image(stack, "Image", "lambdas/upload_all")
    Template.from_stack(stack).resource_count_is("Custom::ScopedImagesRemoteBuild", 1)
    assert "shop-dev-builder" in {each.stack_name for each in images.stacks}


def test_pins_and_mirrors_are_those_of_the_repository_and_the_environment(app: cdk.App, root: Path) -> None:
    (root / "dockerfiles").mkdir()
    digest = f"sha256:{'1' * 64}"
    ImagesLock(images={"node:24": digest}).write(root / "dockerfiles" / "images.lock")
    images = images_in(app, root, environment(mirrors={"docker.io": f"{REGISTRY}/docker-hub"}))
    stack = stack_in(app)
    images.image(stack, "Image", "services/web_site", options=BuildOptions(no_cache=True))
    (source,) = sources(app, "shop-dev-functions")
    mirrored = f"docker-image://{REGISTRY}/docker-hub/library/node@{digest}"
    assert source["dockerBuildContexts"] == {"node:24": mirrored}
    assert source["cacheDisabled"] is True


def test_each_part_can_be_one_s_own(app: cdk.App, root: Path) -> None:
    env, place = environment(builder="remote", pruning="delete"), environment().place
    home, prune = cdk.Stack(app, "Home", env=place), cdk.Stack(app, "Prune", env=place)
    pruner = ImagePruner(
        prune, "P", environment_name="mine", repositories=["other"], retention=Retention(max_images=1)
    )
    builder = RemoteBuilder(cdk.Stack(app, "Builder", env=place), "Builder", environment_name="mine")
    bases = BaseImages(app, env, bases=BaseGraph.of([]), prefix="mine", repositories=home)
    images = images_in(
        app,
        root,
        env,
        bases=bases,
        repositories=home,
        pruner=pruner,
        builder=builder,
        options=BuildOptions(no_cache=True),
    )
    repository = ImageRepository(
        home, "Own", repository_name="own", lifecycle=ImageLifecycle(max_images=1, untagged_days=1)
    )
    image = images.image(
        stack_in(app),
        "Image",
        "lambdas/upload_all",
        context=ScopedContext.of(root / "services" / "web_site"),
        platform=Platform.LINUX_ARM64,
        repository=repository,
        pin_digest=False,
    )
    images.repository("further")
    assert images.stacks == []
    assert (image.address, image.platforms) == (repository.address, (Platform.LINUX_ARM64,))
    assert image.specs[0].base is None
    assert image.specs[0].options.no_cache
    assert pruner.settings.repositories == ("other", "further-dev")


def test_an_image_s_own_pins_take_the_place_of_the_repository_s(app: cdk.App, root: Path) -> None:
    own = UpstreamImages(lock=ImagesLock(images={"node:24": f"sha256:{'2' * 64}"}))
    images = images_in(app, root, environment(mirrors={"docker.io": f"{REGISTRY}/docker-hub"}))
    images.image(stack_in(app), "Image", "services/web_site", options=BuildOptions(upstream=own))
    (source,) = sources(app, "shop-dev-functions")
    assert source["dockerBuildContexts"] == {"node:24": f"docker-image://node@sha256:{'2' * 64}"}


def test_an_image_with_options_of_its_own_keeps_the_pins_that_the_workspace_was_given(
    app: cdk.App, root: Path
) -> None:
    given = UpstreamImages(lock=ImagesLock(images={"node:24": f"sha256:{'2' * 64}"}))
    images = images_in(app, root, options=BuildOptions(upstream=given, build_args={"A": "1"}))
    images.image(stack_in(app), "Image", "services/web_site", options=BuildOptions(no_cache=True))
    (source,) = sources(app, "shop-dev-functions")
    assert source["dockerBuildContexts"] == {"node:24": f"docker-image://node@sha256:{'2' * 64}"}
    assert source["cacheDisabled"] is True
    assert "dockerBuildArgs" not in source


def test_outputs_are_named_after_the_workloads(app: cdk.App, root: Path) -> None:
    images = images_in(app, root)
    stack = stack_in(app)
    images.image(stack, "Image", "lambdas/upload_all")
    images.add_outputs()
    assert sorted(Template.from_stack(stack).find_outputs("*")) == [
        "UploadAllBuildCommand",
        "UploadAllImageDigest",
        "UploadAllImageUri",
    ]
    assert "UploadAllRepositoryUri" in Template.from_stack(images.repositories).find_outputs("*")


def test_outputs_of_one_workload_twice_in_a_stack_need_a_name(app: cdk.App, root: Path) -> None:
    images = images_in(app, root)
    stack = stack_in(app)
    images.image(stack, "Image", "lambdas/upload_all")
    worker = images.image(stack, "Worker", "lambdas/upload_all")
    with refused(
        "outputs: 'shop-dev-functions/Image' and 'shop-dev-functions/Worker' are images of one workload, got "
        "'UploadAll' for both; call image.add_outputs(name=…) of one of them first"
    ):
        images.add_outputs()
    worker.add_outputs(name="Worker")
    images.add_outputs()
    assert {"UploadAllImageUri", "WorkerImageUri"} <= Template.from_stack(stack).find_outputs("*").keys()


def test_a_dockerfile_may_serve_several_workloads(app: cdk.App, root: Path) -> None:
    (root / "dockerfiles").mkdir()
    (root / "dockerfiles" / "function.Dockerfile").write_text(f"{DOCKERFILE}USER 1000\n")
    image = images_in(app, root).image(
        stack_in(app), "Image", "lambdas/upload_all", dockerfile="dockerfiles/function.Dockerfile"
    )
    context = image.specs[0].context
    assert (context.dockerfile.name, context.root.name) == ("function.Dockerfile", "upload_all")


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
    assert [file.path for file in beside.specs[0].context.files] == ["handler.py"]
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
        ("handlr.py", "does not exist: there is no {root}/lambdas/upload_all/handlr.py"),
        (
            "lambdas/upload_all/handler.py",
            "does not exist: the build context is lambdas/upload_all, and 'lambdas/upload_all/handler.py' is in the "
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
    said = problem.format(root=root.resolve(), given=str(root))
    assert str(caught.value) == f"Dockerfile:2: COPY source {source!r} {said}"


def test_two_folders_with_one_name_share_no_repository(app: cdk.App, root: Path) -> None:
    (root / "lambdas" / "web_site").mkdir()
    (root / "lambdas" / "web_site" / "Dockerfile").write_text("FROM node:24\n")
    images, stack = images_in(app, root), stack_in(app)
    images.image(stack, "Service", "services/web_site")
    with refused(
        "workload: 'web-site' is also the name of services/web_site, got lambdas/web_site; pass repository="
    ):
        images.image(stack, "Function", "lambdas/web_site")
    images.image(stack, "Own", "lambdas/web_site", repository=images.repository("web-function"))


def test_packages_with_one_name_have_repositories_named_by_path(app: cdk.App, root: Path) -> None:
    for folder in ("lambdas/job", "services/job"):
        (root / folder).mkdir()
        (root / folder / "pyproject.toml").write_text('[project]\nname = "job"\nversion = "1"\n')
        (root / folder / "Dockerfile").write_text("FROM node:24\n")
    images, stack = images_in(app, root), stack_in(app)
    found = [images.image(stack, each, f"{each}/job").address for each in ("lambdas", "services")]
    assert [each.name for each in found if each] == ["lambdas-job-dev", "services-job-dev"]


def test_two_environments_fit_into_one_app(app: cdk.App, root: Path) -> None:
    for name, account in (("dev", "111111111111"), ("prod", "333333333333")):
        env = environment(name=name, account=account)
        images = WorkspaceImages(app, env, prefix=f"shop-{name}", root=root)
        images.image(cdk.Stack(app, f"shop-{name}", env=env.place), "Image", "lambdas/upload_all")
    errors = [m.entry.data for s in app.synth().stacks for m in s.messages if m.level.name == "ERROR"]
    assert errors == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda app, root: images_in(app, root).image(stack_in(app), "Image", "lambdas/uplaod"),
            "workload: expected a package or a folder of {root}, got 'lambdas/uplaod'; known packages are shared, "
            "upload-all",
        ),
        (
            lambda app, root: images_in(app, root).image(stack_in(app), "Image", ".."),
            "workload: expected a package or a folder of {root}, got '..'; known packages are shared, upload-all",
        ),
        (
            lambda app, root: images_in(app, root, "dev"),
            "environment: must be Environment, got str 'dev'; use "
            "Environment.read(app.node.get_context('environments'), name)",
        ),
        (
            lambda app, root: images_in(app, root).image(
                stack_in(app), "Image", "lambdas/upload_all", options=NOT_OPTIONS
            ),
            "options of 'shop-dev-functions/Image': must be BuildOptions, got dict {{'target': 'a'}}; use "
            "BuildOptions(build_args={{'VERSION': '1'}})",
        ),
        (
            lambda app, root: images_in(app, root, options=NOT_OPTIONS),
            "options of 'shop-dev': must be BuildOptions, got dict {{'target': 'a'}}; use "
            "BuildOptions(build_args={{'VERSION': '1'}})",
        ),
        (
            lambda app, root: images_in(
                app,
                root,
                bases=BaseImages(app, environment(), bases=[], prefix="own"),
                exclude=["packages/*"],
            ),
            "bases: the base images are made already, got exclude= too; pass it to what makes them",
        ),
    ],
    ids=["unknown", "outside", "environment", "options", "the workspace's options", "bases"],
)
def test_a_mistake_is_named(app: cdk.App, root: Path, make: Any, message: str) -> None:
    with refused(message.format(root=root.resolve())):
        make(app, root)


def test_the_app_s_synthesizer_is_the_first_thing_that_it_asks_for(tmp_path: Path, root: Path) -> None:
    with refused(
        "default_stack_synthesizer: WorkspaceImages needs OrderedAssets, so that the CLI builds an image after the "
        "repositories and base images that it needs, got DefaultStackSynthesizer in stack 'shop-dev-repositories'; use "
        "App(default_stack_synthesizer=OrderedAssets())"
    ):
        images_in(cdk.App(outdir=str(tmp_path / "cdk.out")), root)


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


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        (
            "prefix",
            "shop_dev",
            "prefix: must be letters, digits and dashes, a letter first, got 'shop_dev'; stack names allow no others",
        ),
        (
            "repositories",
            "images",
            "repositories: must be Stack, got str 'images'; use the stack to put the repositories into",
        ),
    ],
)
def test_it_checks_its_arguments_before_it_makes_a_stack(
    app: cdk.App, root: Path, argument: str, value: str, message: str
) -> None:
    arguments: dict[str, Any] = {"prefix": "shop-dev", "root": root, argument: value}
    with refused(message):
        WorkspaceImages(app, environment(), **arguments)
