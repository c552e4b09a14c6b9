"""A stack synthesizer whose images are built after the stacks they depend on, and pushed to their own repositories."""

from __future__ import annotations

import json
import sys
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from aws_cdk import DefaultStackSynthesizer, IBoundStackSynthesizer, ISynthesisSession, Stack
from aws_cdk.cloud_assembly_schema import ArtifactType, AssetManifestProperties

from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.checked import checked
from scoped_images.cdk.place import path_of, place_of, synthesizer_of
from scoped_images.errors import ScopedImagesError

_stock_init = checked()(DefaultStackSynthesizer.__init__)


class _AsksForAnInstance:
    """Answers jsii when it is handed the class in place of an instance, whose own `__jsii_ref__` hides this one."""

    def __get__(self, instance: object | None, owner: type) -> None:
        if instance is None and sys._getframe(1).f_globals["__name__"].startswith("jsii."):
            raise ScopedImagesError(
                f"synthesizer: must be an instance, got the class {owner.__name__}; pass {owner.__name__}()"
            )
        raise AttributeError("__jsii_ref__")


class OrderedAssets(DefaultStackSynthesizer):
    """Works as CDK's default synthesizer, except that image builds wait for the stacks that their stack depends on.

    The CLI orders stacks, but builds all images at once: an image FROM one that another stack publishes would race
    with it. OrderedAssets gives the asset manifest the stack's dependencies, and the CLI then waits before it builds, at
    every concurrency and in `cdk publish-assets` (docs/decisions/0001-ordered-assets.md). Images with a repository
    are pushed there and not to CDK's own (docs/decisions/0005-where-images-live.md).

    It takes the keywords of DefaultStackSynthesizer. Pass it to the app (`App(default_stack_synthesizer=…)`), or to
    each stack whose images need another stack. Subclasses may take other arguments.
    """

    __jsii_ref__ = _AsksForAnInstance()

    def __init__(self, **properties: Any) -> None:
        _stock_init(self, **properties)
        self._properties = properties
        self._owner: Stack | None = None
        # Repository and tag by the asset's source hash.
        self._published: dict[str, tuple[str, str]] = {}

    def publish_image(self, source_hash: str, *, repository_name: str, tag: str) -> None:
        """Have the CLI push an image asset to this repository and tag, in place of CDK's own repository.

        The CLI builds and pushes only if the tag is missing. There is one tag for each asset: of an asset with two
        destinations the CLI tags what it built for the first one only.
        """
        self._published[source_hash] = (repository_name, tag)

    def reusable_bind(self, stack: Stack) -> IBoundStackSynthesizer:
        """Return a copy of this synthesizer for `stack`, with its attributes; one instance may serve a whole app."""
        bound: OrderedAssets = _copy_class(type(self))(self)
        bound._owner, bound._published = stack, {}
        bound.bind(stack)
        # Also a Stage that only runs images is checked.
        register_of(stack)
        return bound

    def synthesize(self, session: ISynthesisSession) -> None:
        """Write the stack's artifacts, then its asset manifest again with destinations and dependencies."""
        super().synthesize(session)
        assert self._owner is not None, "CDK binds a synthesizer before it synthesizes"
        artifact_id = f"{self._owner.artifact_id}.assets"
        if self._published:
            self._redirect(Path(place_of(self._owner).assembly, f"{artifact_id}.json"))
        dependencies = [dependency.artifact_id for dependency in self._owner.dependencies]
        if not dependencies:
            return
        session.assembly.add_artifact(
            artifact_id,
            type=ArtifactType.ASSET_MANIFEST,
            properties=AssetManifestProperties(
                file=f"{artifact_id}.json",
                requires_bootstrap_stack_version=6,
                bootstrap_stack_version_ssm_parameter=self._specialized(
                    "bootstrap_stack_version_ssm_parameter", _default_parameter()
                ),
            ),
            dependencies=dependencies,
        )

    def _redirect(self, manifest: Path) -> None:
        content = json.loads(manifest.read_text())
        for source_hash, (repository, tag) in self._published.items():
            image = content["dockerImages"][source_hash]
            ((_, stock),) = image["destinations"].items()
            image["destinations"] = {
                f"{repository.replace('/', '-')}-{tag}": {
                    **stock,
                    "repositoryName": repository,
                    "imageTag": tag,
                }
            }
        manifest.write_text(json.dumps(content, indent=2))

    @cached_property
    def image_publishing_role_arn(self) -> str:
        """Return the ARN of the role that the CLI uses to build and push images."""
        return self._specialized(
            "image_asset_publishing_role_arn", self.DEFAULT_IMAGE_ASSET_PUBLISHING_ROLE_ARN
        )

    def _specialized(self, name: str, default: str) -> str:
        """Return a property with its placeholders filled in, as CDK documents them."""
        assert self._owner is not None, "CDK binds a synthesizer before it uses one"
        place, text = place_of(self._owner), self._properties.get(name) or default
        values = {
            "Qualifier": self.bootstrap_qualifier or "",
            "AWS::AccountId": place.account,
            "AWS::Region": place.region,
            "AWS::Partition": place.partition,
        }
        for placeholder, value in values.items():
            text = text.replace(f"${{{placeholder}}}", value)
        return str(text)


def ordered_assets_of(stack: Stack, *, why: str) -> OrderedAssets:
    """Return the synthesizer of a stack. Raises ScopedImagesError if it is another one. why: it must be this one."""
    synthesizer = synthesizer_of(stack)
    if not isinstance(synthesizer, OrderedAssets):
        raise ScopedImagesError(
            f"synthesizer: {why}, got {type(synthesizer).__name__} for stack {path_of(stack)!r}; use "
            "Stack(…, synthesizer=OrderedAssets()), or for the whole app "
            "App(default_stack_synthesizer=OrderedAssets())"
        )
    return synthesizer


def publishing_role_of(stack: Stack) -> str:
    """Return the ARN of the role that publishes the images of a stack."""
    # jsii hands Python a stock synthesizer unbound, which knows neither its qualifier nor its roles.
    why = "only OrderedAssets names the role that publishes images"
    return ordered_assets_of(stack, why=why).image_publishing_role_arn


@cache
def _default_parameter() -> str:
    return str(DefaultStackSynthesizer.DEFAULT_BOOTSTRAP_STACK_VERSION_SSM_PARAMETER)


@cache
def _copy_class(cls: type[OrderedAssets]) -> Any:
    """Return a class whose call copies an instance of `cls`, without the __init__ of `cls`, which may take anything.

    A copy needs a JavaScript object of its own, which DefaultStackSynthesizer's __init__ makes. jsii registers the
    Python object of a JavaScript one only if it was made by calling a class, so `copy.copy` does not work.
    """

    def copy_from(self: OrderedAssets, original: OrderedAssets) -> None:
        self.__dict__.update({k: v for k, v in vars(original).items() if not k.startswith("__jsii")})
        DefaultStackSynthesizer.__init__(self, **original._properties)

    return type(cls.__name__, (cls,), {"__init__": copy_from, "__module__": cls.__module__})
