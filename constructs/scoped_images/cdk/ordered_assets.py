"""A stack synthesizer that builds no image before the stacks it depends on, and publishes it where it belongs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from aws_cdk import DefaultStackSynthesizer, IBoundStackSynthesizer, ISynthesisSession, Stack
from aws_cdk.cloud_assembly_schema import ArtifactType, AssetManifestProperties

from scoped_images.cdk.image_watch import register_of


class OrderedAssets(DefaultStackSynthesizer):
    """CDK's default synthesizer, whose image builds wait for the stack's dependencies, and go where they are told.

    The CLI orders stacks, but builds all images at once: an image FROM one that another stack publishes
    would race with it. Dependencies of the asset manifest's artifact hold its builds back, at every
    concurrency and in `cdk publish-assets` too (docs/decisions/0001-ordered-assets.md). `publish_image` has an
    image pushed to a repository of its own in place of CDK's (docs/decisions/0005-where-images-live.md).

    Takes the keywords of DefaultStackSynthesizer. Give it to the app (`App(default_stack_synthesizer=…)`)
    or to each stack whose images stand on another stack's.
    """

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self._properties = properties
        self._owner: Stack | None = None
        # Repository and tag by the asset's source hash.
        self._published: dict[str, tuple[str, str]] = {}

    def publish_image(self, source_hash: str, *, repository_name: str, tag: str) -> None:
        """Have the CLI push an image asset as `tag` of this repository, and not to CDK's own.

        It asks whether the tag is there, and builds and pushes only what is missing. One tag, since of an asset with
        two destinations the CLI tags what it built for the first alone.
        """
        self._published[source_hash] = (repository_name, tag)

    def reusable_bind(self, stack: Stack) -> IBoundStackSynthesizer:
        """Return a copy of this synthesizer for `stack`, with its attributes; one instance may serve a whole app."""
        bound: OrderedAssets = _copy_class(type(self))(self)
        bound._owner, bound._published = stack, {}
        bound.bind(stack)
        # Every stack's stage, also one that only runs images of others.
        register_of(stack)
        return bound

    def synthesize(self, session: ISynthesisSession) -> None:
        """Write the stack's artifacts, then its asset manifest again with destinations and dependencies."""
        super().synthesize(session)
        assert self._owner is not None, "CDK binds a synthesizer before it synthesizes"
        stack = self._owner
        self._redirect(Path(session.assembly.outdir) / f"{stack.artifact_id}.assets.json")
        dependencies = [dependency.artifact_id for dependency in stack.dependencies]
        if not dependencies:
            return
        artifact_id = f"{stack.artifact_id}.assets"
        session.assembly.add_artifact(
            artifact_id,
            type=ArtifactType.ASSET_MANIFEST,
            properties=AssetManifestProperties(
                file=f"{artifact_id}.json",
                requires_bootstrap_stack_version=6,
                bootstrap_stack_version_ssm_parameter=self._specialized(
                    "bootstrap_stack_version_ssm_parameter",
                    self.DEFAULT_BOOTSTRAP_STACK_VERSION_SSM_PARAMETER,
                ),
            ),
            dependencies=dependencies,
        )

    def _redirect(self, manifest: Path) -> None:
        if not self._published:
            return
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

    @property
    def image_publishing_role_arn(self) -> str:
        """The role that the CLI builds and pushes images with."""
        return self._specialized(
            "image_asset_publishing_role_arn", self.DEFAULT_IMAGE_ASSET_PUBLISHING_ROLE_ARN
        )

    @property
    def image_repository_name(self) -> str:
        """CDK's own repository, which the CLI pushes image assets to."""
        return self._specialized("image_assets_repository_name", self.DEFAULT_IMAGE_ASSETS_REPOSITORY_NAME)

    def _specialized(self, name: str, default: str) -> str:
        """A property with its placeholders filled in, as CDK documents them."""
        assert self._owner is not None, "CDK binds a synthesizer before it is asked"
        stack, text = self._owner, self._properties.get(name) or default
        values = {
            "Qualifier": self.bootstrap_qualifier or "",
            "AWS::AccountId": stack.account,
            "AWS::Region": stack.region,
            "AWS::Partition": stack.partition,
        }
        for placeholder, value in values.items():
            text = text.replace(f"${{{placeholder}}}", value)
        return str(text)


@cache
def _copy_class(cls: type[OrderedAssets]) -> Any:
    """A class that makes copies of the instances of `cls`, without its __init__, which may take anything.

    A copy needs a JavaScript object of its own, which DefaultStackSynthesizer's __init__ makes. jsii finds its way
    back from that to Python for objects only that are made by calling a class, so `copy.copy` does not do.
    """

    def copy_from(self: OrderedAssets, original: OrderedAssets) -> None:
        self.__dict__.update({k: v for k, v in vars(original).items() if not k.startswith("__jsii")})
        DefaultStackSynthesizer.__init__(self, **original._properties)

    return type(cls.__name__, (cls,), {"__init__": copy_from, "__module__": cls.__module__})
