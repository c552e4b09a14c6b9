"""An app that somebody else would write: one use of every public name of the library."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import Environment as Place
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from scoped_images import (
    BaseDeclaration,
    BaseGraph,
    BaseImage,
    BaseImages,
    BuildOptions,
    BuildSecret,
    Environment,
    ExistingImage,
    ExistingRepository,
    ImageBuild,
    ImageBuilder,
    ImageCopy,
    ImageLifecycle,
    ImagePruner,
    ImageRepository,
    ImagesLock,
    OrderedAssets,
    PackageOptions,
    Platform,
    PublishedImage,
    PullThroughCache,
    RefreshMarks,
    RegistryCache,
    RegistryFunction,
    RemoteBuilder,
    RepositoryAddress,
    Retention,
    ScopedContext,
    ScopedImage,
    ScopedImagesError,
    StackOutputs,
    UpstreamImages,
    WorkloadBases,
    WorkspaceImages,
)

ROOT = Path(__file__).parent
PLACE = Place(account="111111111111", region="eu-west-1")
DEV = {
    "account": "111111111111",
    "region": "eu-west-1",
    "platform": "linux/arm64",
    "max_images": 3,
    "untagged_days": 1,
    "base_tag": "content",
    "removal_policy": "retain",
}


class ReportingBuilder:
    """A builder of the app's own, which has another one build."""

    takes_tokens = True
    needs_repository = True

    def __init__(self, builder: ImageBuilder) -> None:
        self._builder = builder

    def build(self, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
        print(f"builds {build.spec.content_tag}")
        return self._builder.build(scope, construct_id, build)


def place_of(repository: ExistingRepository) -> RepositoryAddress:
    return repository.address


def main() -> None:
    app = App(default_stack_synthesizer=OrderedAssets())
    RegistryFunction(architecture=lambda_.Architecture.X86_64).use_in(app)
    repositories = Stack(app, "Repositories", env=PLACE)
    lifecycle = ImageLifecycle(max_images=3, untagged_days=1)
    shared = ImageRepository(repositories, "Shared", repository_name="base-shared", lifecycle=lifecycle)
    upload = ImageRepository(repositories, "Upload", repository_name="upload", lifecycle=lifecycle)
    lower = ImageRepository(repositories, "Lower", repository_name="lower", lifecycle=lifecycle)
    PullThroughCache(repositories, "PublicImages")
    ImagePruner(
        Stack(app, "Pruner", env=PLACE),
        "Pruner",
        environment_name="dev",
        repositories=["base-shared", "upload"],
        retention=Retention(max_images=3, untagged_days=1),
    )
    builder = RemoteBuilder(
        Stack(app, "Builder", env=PLACE),
        "Builder",
        environment_name="dev",
        secrets={"token": BuildSecret.secrets_manager("pip-token")},
    )
    base = BaseImage(
        Stack(app, "BaseShared", env=PLACE),
        "Image",
        repository=shared,
        context=ScopedContext.of(ROOT / "shared"),
        platform=Platform.LINUX_ARM64,
    )

    functions = Stack(app, "Functions", env=PLACE)
    image = ScopedImage(
        functions,
        "Image",
        repository=upload,
        context=ScopedContext.of(ROOT / "shared"),
        platform=Platform.LINUX_ARM64,
        base=base,
        options=BuildOptions(
            upstream=UpstreamImages(lock=ImagesLock()),
            cache=RegistryCache(repository=upload.address, platform=Platform.LINUX_ARM64),
        ),
        pin_digest=True,
    )
    lambda_.DockerImageFunction(functions, "Upload", code=image.to_lambda_code())
    elsewhere = Stack(app, "Elsewhere", env=Place(account="111111111111", region="us-east-1"))
    away = ImageRepository(elsewhere, "Upload", repository_name="upload", lifecycle=lifecycle)
    ImageCopy(functions, "Copy", image=image, repository=away)
    ScopedImage(
        functions,
        "BuiltRemotely",
        repository=lower,
        context=ScopedContext.of(ROOT / "shared"),
        platform=Platform.LINUX_ARM64,
        builder=ReportingBuilder(builder),
    ).to_container_image()

    ScopedImage.from_dockerfile(Stack(app, "Anywhere"), "Image", ROOT / "shared").to_lambda_code()

    ExistingImage(
        functions, "Theirs", "222222222222.dkr.ecr.eu-west-1.amazonaws.com/theirs:v1"
    ).to_lambda_code()
    existing = ImageRepository.from_name(functions, "Existing", "existing")
    print(place_of(existing).uri, existing.policy_text)
    environment = Environment.read({"dev": DEV}, "dev")
    by_hand = BaseDeclaration(name="by-hand", context=ScopedContext.of(ROOT / "shared"))
    derived = BaseImages.from_workspace(
        app,
        environment,
        root=ROOT,
        prefix="derived",
        declared=[by_hand],
        package_options=[PackageOptions(name="shared", build_packages=("gcc",))],
        refresh_marks=RefreshMarks(),
    )
    bases: WorkloadBases = derived.of("lambdas/upload")
    print(bases.base)
    other = BaseDeclaration(name="other", context=by_hand.context)
    BaseImages(app, environment, bases=BaseGraph.of([other]), prefix="declared")
    images = WorkspaceImages(app, environment, prefix="all", root=ROOT, bases=derived)
    images.image(
        Stack(app, "AllImages", env=environment.place), "Image", "lambdas/upload", context=by_hand.context
    )
    StackOutputs(functions, "Outputs", {"Tag": image.tag}, parameters="/foreign")
    try:
        derived.of("lambdas/unknown")
    except ScopedImagesError as error:
        print(f"the library's own error: {error}")
    app.synth()


main()
