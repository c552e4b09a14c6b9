"""Images of a file each: a chain of three bases, a diamond of four, and an image on the end of each."""

from __future__ import annotations

import aws_cdk as cdk

from scoped_images import (
    BaseDeclaration,
    BaseImages,
    Environment,
    ImageLifecycle,
    ImageRepository,
    OrderedAssets,
    RefreshMarks,
    ScopedContext,
    ScopedImage,
)

NEEDS = {
    "one": (),
    "two": ("one",),
    "three": ("two",),
    "root": (),
    "left": ("root",),
    "right": ("root",),
    "top": ("left", "right"),
}
WORKLOADS = {"tail": "three", "peak": "top"}


def context(name: str) -> ScopedContext:
    """The folder of an image, with the Dockerfile that most of them share."""
    dockerfile = "meeting" if name == "top" else "image"
    return ScopedContext.of(f"images/{name}", dockerfile=f"{dockerfile}.Dockerfile")


def main() -> None:
    """Synthesize the stacks of the environment that `-c env=` names."""
    app = cdk.App(default_stack_synthesizer=OrderedAssets())
    env = Environment.read(app.node.get_context("environments"), app.node.get_context("env"))
    place = cdk.Environment(account=env.account, region=env.region)
    prefix = f"graph-{env.name}"
    repositories = cdk.Stack(app, f"{prefix}-repositories", env=place)
    bases = BaseImages(
        app,
        env,
        bases=[
            BaseDeclaration(name=name, context=context(name), needs=needs) for name, needs in NEEDS.items()
        ],
        prefix=prefix,
        repositories=repositories,
        refresh_marks=RefreshMarks.read("bases.lock"),
    )
    workloads = cdk.Stack(app, f"{prefix}-workloads", env=place)
    for name, base in WORKLOADS.items():
        ScopedImage(
            workloads,
            name,
            context=context(name),
            platform=env.platform,
            repository=ImageRepository(
                repositories,
                name,
                repository_name=f"{name}-{env.name}",
                lifecycle=ImageLifecycle(max_images=env.max_images, untagged_days=env.untagged_days),
                removal_policy=cdk.RemovalPolicy.DESTROY,
            ),
            base=bases[base],
        )
    app.synth()


if __name__ == "__main__":
    main()
