"""A command that builds and pushes an image by hand, as a deploy does."""

from __future__ import annotations

import os
import shlex

from scoped_images.image.spec import ImageSpec


def build_command(spec: ImageSpec, repository_uri: str) -> str | None:
    """Return a `docker buildx build` that pushes the image under its content tag, for the folder that synth ran in.

    None for an image that docker alone cannot build: of generated files, or of arguments that only the deploy knows.
    """
    context = spec.context
    if context.generated or spec.late_args:
        return None
    folders = {name: os.path.relpath(named.root) for name, named in context.named.items()}
    words = [
        *("docker", "buildx", "build", "--push", "--provenance=false"),
        *("--platform", str(spec.platform), "--file", os.path.relpath(context.dockerfile)),
        *(("--target", spec.stage) if spec.stage else ()),
        *(f"--build-arg={name}={value}" for name, value in spec.arguments.items()),
        *(f"--build-context={name}={value}" for name, value in {**folders, **spec.image_contexts}.items()),
        *(f"--secret=id={name},{value}" for name, value in spec.options.build_secrets.items()),
        *(("--ssh", spec.options.ssh) if spec.options.ssh else ()),
        *(("--network", spec.options.network) if spec.options.network else ()),
        *("--tag", f"{repository_uri}:{spec.content_tag}", os.path.relpath(context.root)),
    ]
    return shlex.join(words)
