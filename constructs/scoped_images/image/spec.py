"""What an image is built from: one value, whoever builds it, with one fingerprint and one tag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.dockerfile.build_arguments import expect_build_args, unknown_build_args
from scoped_images.dockerfile.directives import syntax_directive
from scoped_images.dockerfile.external_images import ExternalImages, external_images
from scoped_images.dockerfile.findings import RequiredMount
from scoped_images.dockerfile.frontend import foreign_frontend
from scoped_images.dockerfile.parse import ParsedDockerfile, parse_dockerfile
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.dockerfile.target_steps import TargetSteps
from scoped_images.ecr.tags import content_tag
from scoped_images.errors import ScopedImagesError
from scoped_images.image.base_reference import BASE_IMAGE_ARGUMENT, BaseReference
from scoped_images.image.build_options import BuildOptions
from scoped_images.image.refusals import (
    refuse_named_bases,
    refuse_other_options,
    refuse_secrets_in_context,
    refuse_unread_base,
    refuse_unread_named_bases,
    refuse_without_base,
)
from scoped_images.platform import Platform

# Part of every fingerprint: raise it when what a fingerprint covers changes.
_SCHEME = 3


@dataclass(frozen=True, kw_only=True)
class ImageSpec:
    """Context, platform and build options of one image.

    base: the value of the Dockerfile's `ARG BASE_IMAGE_URI`. Defaults to the Dockerfile's own default.
    named_bases: further images by the names that `COPY --from=` and `FROM` know them under.
    options: how it is built. The fingerprint covers what changes the image: not the cache, not where secrets lie.
    late_args: build arguments whose values only CloudFormation knows. The fingerprint counts their expressions.
    frozen: what the tag is made of in place of the content: the image is not built again until this changes.

    A context that was found for a target, a platform and build arguments is built with them.
    """

    context: ScopedContext
    platform: Platform
    base: BaseReference | None = None
    named_bases: Mapping[str, BaseReference] = field(default_factory=dict)
    options: BuildOptions = field(default_factory=BuildOptions)
    late_args: Mapping[str, str] = field(default_factory=dict)
    frozen: str | None = None

    def __post_init__(self) -> None:
        Platform.parse(self.platform)
        refuse_other_options(self.context, self.platform, self.options)
        expect_build_args(self.options.build_args)
        expect_build_args(self.late_args)
        if BASE_IMAGE_ARGUMENT in (*self.options.build_args, *self.late_args):
            raise ScopedImagesError(
                f"build_args[{BASE_IMAGE_ARGUMENT!r}]: base= sets it, got a value of its own; use base= instead"
            )
        refuse_named_bases(self.named_bases, self.context)
        refuse_secrets_in_context(self.options.build_secrets, self.context)
        # What BuildKit would find out late: a malformed file, an argument that nothing declares.
        _ = self._external
        if self.base is not None and self._dockerfile is not None:
            refuse_without_base(self._dockerfile)
        if self._dockerfile is not None and not self._foreign_frontend:
            self._refuse_unread_bases(self._dockerfile)
        if self.options.upstream.require_pins:
            self._refuse_unpinned()

    @property
    def arguments(self) -> dict[str, str]:
        """Every build argument, the context's and the base image's among them."""
        base = {BASE_IMAGE_ARGUMENT: self.base.uri} if self.base else {}
        return {**self.context.build_args, **self.options.build_args, **base}

    @property
    def image_contexts(self) -> dict[str, str]:
        """The build contexts that are images: `docker-image://<ref>` by name."""
        named = {
            name: (self.options.upstream.context_for(base.uri) if base.identity is None else None)
            or f"docker-image://{base.uri}"
            for name, base in self.named_bases.items()
        }
        contexts = {image: self.options.upstream.context_for(image) for image in self._external.images}
        external = {name: context.address for name, context in self.context.external.items()}
        return {**{image: context for image, context in contexts.items() if context}, **named, **external}

    @property
    def outside_images(self) -> tuple[str, ...]:
        """The external images that the build reads under their own names, not through a mirror."""
        return tuple(image for image in self._external.images if image not in self.image_contexts)

    @property
    def warnings(self) -> dict[str, tuple[str, ...]]:
        """What the author should know, by kind, since each kind can be acknowledged on its own."""
        external, dockerfile = self._external, self._dockerfile
        given = (*self.options.build_args, *self.late_args)
        name = self.context.dockerfile.name
        return {
            "context": self.context.warnings,
            "build-args": tuple(
                f"build_args[{argument!r}] is for no ARG of {name}: it changes the image's tag, and not the image"
                for argument in (unknown_build_args(given, dockerfile) if dockerfile else ())
            ),
            "secrets": tuple(
                f"{name}:{mount.line}: {self._missing(mount)}"
                for mount in external.required_mounts
                if mount.id not in self._given(mount)
            ),
            "upstream": external.warnings,
        }

    @property
    def unpinned_images(self) -> tuple[str, ...]:
        """The external images without a pin. Other images may use them too."""
        return self.options.upstream.unpinned((*self._external.images, *self._named_images))

    def pin_advice(self, image: str) -> str:
        """Return how to pin an external image."""
        bases = (base for base in (self.base, *self.named_bases.values()) if base)
        if any(base.identity is None and base.uri == image for base in bases):
            return "add its digest to the URI, @sha256:…"
        return f"run {self.context.pinned_by}"

    def _refuse_unread_bases(self, dockerfile: ParsedDockerfile) -> None:
        """Raise for a base that is given and that the build would ignore without a word."""
        options = self._target_options
        if self.base is not None:
            refuse_unread_base(dockerfile, options)
        refuse_unread_named_bases(self.named_bases, self._external.contexts, dockerfile, options)

    def _refuse_unpinned(self) -> None:
        advice = {image: self.pin_advice(image) for image in self.unpinned_images}
        for each in self.context.external.values():
            if each.missing_pin:
                advice[each.address] = f"append {each.missing_pin} to it in build_contexts"
        if advice:
            raise ScopedImagesError(
                f"require_pins: {self.context.dockerfile.name} must name each external image by a digest or have its pin "
                f"in the lock file, got {', '.join(advice)}; {', and '.join(dict.fromkeys(advice.values()))}"
            )

    def _given(self, mount: RequiredMount) -> Collection[str]:
        """Return the ids of the secrets or agents that the options give."""
        if mount.kind == "secret":
            return self.options.build_secrets
        return [(self.options.ssh or "").partition("=")[0]]

    def _missing(self, mount: RequiredMount) -> str:
        option, example = "build_secrets", f"{{{mount.id!r}: 'src=<path>'}}"
        if mount.kind == "ssh":
            option = "ssh"
            example = repr("default" if mount.id == "default" else f"{mount.id}=<socket or key>")
        return (
            f"RUN --mount requires the {mount.kind} id {mount.id!r}, which {option} does not give, so the build fails; "
            f"add {option}={example}"
        )

    @cached_property
    def steps(self) -> TargetSteps | None:
        """The instructions of the target, or None where a foreign frontend reads the Dockerfile."""
        if self._dockerfile is None or self._foreign_frontend:
            return None
        return TargetSteps.read(self._dockerfile, self._target_options)

    @property
    def stage(self) -> str | None:
        """The stage to build, or None for the last."""
        return self.options.target or self.context.target

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that the build can see; cache options and secrets' contents are not among it."""
        content = {
            "scheme": _SCHEME,
            "context": self.context.fingerprint,
            "platform": str(self.platform),
            "target": self.stage,
            "arguments": {**self.context.build_args, **self.options.build_args},
            # Not their URIs: one content has one tag, whichever account or moving tag it is read from.
            "base": self._identity(self.base) if self.base else None,
            "named_bases": {name: self._identity(base) for name, base in self.named_bases.items()},
            "upstream": {
                image: self.options.upstream.identity(image)
                for image in self._external.images
                if self.options.upstream.digest(image)
            },
            "late": dict(self.late_args),
            # Only their ids: where a machine keeps them does not change the image.
            "secrets": sorted(self.options.build_secrets),
            **({"ssh": True} if self.options.ssh else {}),
            **({"network": self.options.network} if self.options.network else {}),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _identity(self, base: BaseReference) -> str:
        return self.options.upstream.identity(base.uri) if base.identity is None else base.identity

    @property
    def _named_images(self) -> tuple[str, ...]:
        """The named bases that the app does not build."""
        return tuple(base.uri for base in self.named_bases.values() if base.identity is None)

    @property
    def content_tag(self) -> str:
        """The tag that names this content: `sha-` and 32 hex digits."""
        return content_tag(self.tagged_by)

    @property
    def tagged_by(self) -> str:
        """SHA-256 of what the tag names: the fingerprint, or what the image is frozen by."""
        if self.frozen is None:
            return self.fingerprint
        return hashlib.sha256(f"frozen {self.platform} {self.frozen}".encode()).hexdigest()

    @cached_property
    def _dockerfile(self) -> ParsedDockerfile | None:
        """The parsed Dockerfile, or None where a foreign frontend reads it that knows more than Dockerfiles."""
        try:
            return parse_dockerfile(self.context.dockerfile_bytes, name=self.context.dockerfile.name)
        except ScopedImagesError:
            if self._foreign_frontend:
                return None
            raise

    @property
    def _foreign_frontend(self) -> str:
        text = self.context.dockerfile_bytes.decode(errors="replace")
        return foreign_frontend(syntax_directive(text), self.arguments)

    @property
    def _target_options(self) -> TargetOptions:
        bases = (self.base, *self.named_bases.values())
        ours = [base.uri for base in bases if base and base.identity is not None]
        return TargetOptions(
            target=self.stage,
            build_args={**self.arguments, **dict.fromkeys(self.late_args)},
            platform=self.platform,
            build_contexts=[*self.context.named, *self.context.external, *self.named_bases, *ours],
        )

    @cached_property
    def _external(self) -> ExternalImages:
        """The external images that the target is built from, and the secrets that it requires."""
        dockerfile = self.context.dockerfile
        try:
            return external_images(self.context.dockerfile_bytes, self._target_options, name=dockerfile.name)
        except ScopedImagesError as error:
            # Docker's frontend would refuse it too. Another frontend may not.
            frontend = self._foreign_frontend
            if not frontend or self.options.upstream.in_use:
                raise
            return ExternalImages(
                images=(),
                warnings=(
                    f"{error}; `{frontend}` may read the Dockerfile in another way, so its external images are unknown "
                    "here: they are neither pinned nor mirrored, and a remote build gets no rights to pull them",
                ),
            )


def index_tag(specs: Sequence[ImageSpec]) -> str:
    """The content tag of one image, or of the index over the images of several platforms."""
    if len(specs) == 1:
        return specs[0].content_tag
    fingerprints = "\n".join(sorted(spec.tagged_by for spec in specs))
    return content_tag(hashlib.sha256(fingerprints.encode()).hexdigest())
