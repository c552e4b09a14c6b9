"""The images, secrets and ssh agents that a Dockerfile's stages need from outside of the build context."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from scoped_images.dockerfile.findings import Findings, RequiredMount
from scoped_images.dockerfile.parse import ParsedDockerfile, parse_dockerfile
from scoped_images.dockerfile.target_options import DEFAULT_OPTIONS, TargetOptions
from scoped_images.dockerfile.target_reading import read_every_stage, read_target
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class ExternalImages:
    """Images in the form that BuildKit looks build contexts up by, sorted.

    warnings: images whose names are unknown, and which are therefore not among them.
    required_mounts: the secrets and ssh agents without which the build fails.
    contexts: the names of the build contexts that take the place of a stage or an image.
    """

    images: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    required_mounts: tuple[RequiredMount, ...] = ()
    contexts: frozenset[str] = frozenset()


def external_images(
    content: bytes | str, options: TargetOptions = DEFAULT_OPTIONS, *, name: str = "Dockerfile"
) -> ExternalImages:
    """Return the images of FROM, COPY --from and RUN --mount in the stages that the target needs.

    name: of the Dockerfile, for messages. Images that `options.build_contexts` replace are not external.

    An image whose name is unknown is left out, with a warning. The result lacks images that no instruction names: the
    frontend of `# syntax=`, and what an ONBUILD of an external image copies from.

    Raises ScopedImagesError for a malformed Dockerfile and an unknown target.
    """
    parsed = parse_dockerfile(content, name=name)
    return _external(parsed, read_target(parsed, options))


def every_external_image(
    content: bytes | str, *, name: str, build_contexts: Collection[str] = ()
) -> ExternalImages:
    """Return the images that any stage uses on any platform, with each ARG at its default."""
    parsed = parse_dockerfile(content, name=name)
    images: set[str] = set()
    warnings: dict[str, None] = {}
    for platform in Platform:
        options = TargetOptions(platform=platform, build_contexts=build_contexts)
        found = _external(parsed, read_every_stage(parsed, options))
        images.update(found.images)
        warnings |= dict.fromkeys(found.warnings)
    return ExternalImages(images=tuple(sorted(images)), warnings=tuple(warnings))


def _external(parsed: ParsedDockerfile, findings: Findings) -> ExternalImages:
    problems = [
        (stage.line, "FROM depends on a variable without a value") for stage in findings.unknown_bases
    ]
    images = set()
    for line, image in findings.images:
        if image in findings.stage_names:
            # As a build context it would take the place of the stage of that name.
            problem = f"{image!r} is the name of an image and of a stage; rename the stage to have it"
            problems.append((line, problem))
        else:
            images.add(image)
    return ExternalImages(
        images=tuple(sorted(images)),
        warnings=tuple(
            f"{parsed.name}:{line}: {problem}; the image is neither pinned nor mirrored"
            for line, problem in sorted(problems)
        ),
        required_mounts=tuple(findings.required_mounts),
        contexts=frozenset(findings.contexts),
    )
