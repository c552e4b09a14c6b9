"""One image that CodeBuild builds: its archive, the role of its builds, and the resource that waits for it."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

from aws_cdk import AssetHashType, CustomResource, Duration, Names
from aws_cdk.aws_s3_assets import Asset
from constructs import Construct

from scoped_images.cdk.app.registered_image import Digest
from scoped_images.cdk.builds.builder import ImageBuild, PublishedImage
from scoped_images.cdk.functions.registry_resources import LOOK_AGAIN
from scoped_images.cdk.place import context_value, path_of, place_of, stack_of
from scoped_images.cdk.remote.project import image_project
from scoped_images.cdk.remote.role import build_role, images_of_ecr
from scoped_images.cdk.remote.settings import RemoteSettings
from scoped_images.cdk.repositories.repository_by_name import RepositoryByName
from scoped_images.context.archive import archive_name, named_folders, write_context_archive
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError
from scoped_images.remote.build_request import BuildRequest
from scoped_images.remote.build_secret import BuildSecret

# CloudFormation's wait beyond the provider's own.
_GRACE_MINUTES = 5


class RemoteImage(Construct):
    """The build of one image.

    published: where the image is, when it is built.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: RemoteSettings,
        build: ImageBuild,
        repository: RepositoryAddress,
    ) -> None:
        """Build when the stack deploys and the tag is not in the registry."""
        super().__init__(scope, construct_id)
        # The construct that the user made, for messages.
        self._path = path_of(scope)
        spec, stack = build.spec, stack_of(self)
        self._refuse_references(build)
        self._refuse_what_is_on_this_machine(build)
        if spec.options.upstream.require_pins and "@sha256:" not in (settings.buildkit_image or ""):
            raise ScopedImagesError(
                f"require_pins: {self._path!r} is built by a BuildKit without a digest, got "
                f"{settings.buildkit_image!r}; pass RemoteBuilder(buildkit_image='<image>@sha256:<digest>')"
            )
        secrets = self._secrets(settings, build)
        export = build.cache.cache_to() if build.cache else None
        file = write_context_archive(spec.context, Path(place_of(self).assets))
        archive = Asset(
            self,
            "Context",
            path=str(file),
            # The compressed bytes depend on zlib's version.
            asset_hash=archive_name(spec.context),
            asset_hash_type=AssetHashType.CUSTOM,
        )
        # A changed value makes CloudFormation ask again, which finds an image that somebody deleted, and builds it.
        again = context_value(self, LOOK_AGAIN)
        request = BuildRequest(
            repository=repository.name,
            repository_uri=repository.uri,
            tag=spec.content_tag,
            platform=str(spec.platform),
            archive_bucket=archive.s3_bucket_name,
            archive_key=archive.s3_object_key,
            archive_sha256=_sha256_of_content(file),
            dockerfile=spec.context.written_dockerfile,
            target=spec.stage,
            build_args=spec.arguments,
            late_args=tuple(sorted(build.late_args)),
            folder_contexts=named_folders(spec.context),
            image_contexts=spec.image_contexts,
            secrets=secrets,
            cache_from=tuple(str(option) for option in build.cache.cache_from()) if build.cache else (),
            cache_to=str(export) if export else None,
            buildkit_image=settings.buildkit_image,
            outside_images=images_of_ecr(spec.outside_images),
            network=spec.options.network,
            no_cache=spec.options.no_cache,
        )
        project_name = f"{settings.project_prefix}{Names.unique_resource_name(self, max_length=100)}"
        role = build_role(
            self,
            settings=settings,
            build=build,
            repository=repository,
            secrets=list(secrets.values()),
            archive_arn=f"{archive.bucket.bucket_arn}/{archive.s3_object_key}",
            project_name=project_name,
        )
        project = image_project(
            self,
            "Project",
            name=project_name,
            settings=settings,
            build=build,
            request=request,
            role=role,
        )
        # Another resource for each tag, so that references to it change with the image; and for each builder, because
        # CloudFormation refuses to change the service token of a resource.
        resource = CustomResource(
            self,
            f"For{spec.content_tag}By{settings.environment_name}",
            resource_type="Custom::ScopedImagesRemoteBuild",
            service_token=settings.service_token,
            service_timeout=Duration.minutes(settings.minutes + _GRACE_MINUTES),
            # The function reads all other values from the project. These are here so that CloudFormation asks again
            # when one changes.
            properties={
                "Project": project_name,
                "ImageTag": spec.content_tag,
                **({"LateValues": dict(build.late_args)} if build.late_args else {}),
                **({"LookAgain": str(again)} if again else {}),
            },
        )
        # A build needs the role's rights too.
        resource.node.add_dependency(role, project)
        self.published = PublishedImage(
            repository=RepositoryByName(self, "Repository", repository),
            # The attribute makes resources that refer to the image wait for the build.
            tag=resource.get_att_string("Tag"),
            digest=Digest(
                digest=f"sha256:{resource.get_att_string('Hex')}",
                logical_id=stack.resolve(resource.ref)["Ref"],
                attribute="",
            ),
            built_by=resource,
        )

    def _refuse_what_is_on_this_machine(self, build: ImageBuild) -> None:
        if build.spec.options.ssh:
            raise ScopedImagesError(
                f"ssh of {self._path!r}: a remote build cannot reach the SSH agent of this machine, got "
                f"{build.spec.options.ssh!r}; pass a deploy key as a build secret"
            )
        if build.spec.options.network == "host":
            raise ScopedImagesError(
                f"network of {self._path!r}: BuildKit in a container gives no step the host's network, got 'host'; "
                "leave it out"
            )
        for name, context in build.spec.context.external.items():
            if context.address.startswith("oci-layout:"):
                raise ScopedImagesError(
                    f"build_contexts[{name!r}] of {self._path!r}: a remote build cannot read a folder of this machine, "
                    f"got {context.address!r}; push the image to a registry and use docker-image://"
                )

    def _refuse_references(self, build: ImageBuild) -> None:
        """Raise for values of CloudFormation that a build cannot take, or that the tag would not depend on."""
        for name, value in build.late_args.items():
            if not isinstance(value, str | float):
                raise ScopedImagesError(
                    f"build_args[{name!r}] of {self._path!r}: must be text, got a token for a {type(value).__name__}; "
                    'use aws_cdk.Fn.join(",", …)'
                )
        for name, text in {**build.spec.arguments, **build.spec.late_args}.items():
            if re.search(r"\{\{resolve:(secretsmanager|ssm-secure):", text):
                raise ScopedImagesError(
                    f"build_args[{name!r}] of {self._path!r}: arguments are in logs and in the image's history, got a "
                    "reference to a secret; use build_secrets=, and secrets= of the builder for its place"
                )
            if "{{resolve:" in text and name not in build.late_args:
                raise ScopedImagesError(
                    f"build_args[{name!r}] of {self._path!r}: the image's tag would not count the value that "
                    f"CloudFormation puts in place of it, got {text!r}; use aws_cdk.CfnDynamicReference(…).to_string()"
                )

    def _secrets(self, settings: RemoteSettings, build: ImageBuild) -> dict[str, BuildSecret]:
        unknown = sorted(set(build.spec.options.build_secrets) - set(settings.secrets))
        if unknown:
            known = ", ".join(sorted(settings.secrets)) or "none"
            raise ScopedImagesError(
                f"build_secrets of {self._path!r}: must be known to its builder {settings.path!r}, got {unknown[0]!r} "
                f"and not one of {known}; a remote build reads no file or variable of this machine, so use "
                f"RemoteBuilder(…, secrets={{{unknown[0]!r}: BuildSecret.secrets_manager(…)}})"
            )
        return {name: settings.secrets[name] for name in build.spec.options.build_secrets}


def _sha256_of_content(file: Path) -> str:
    """Return the SHA-256 of what a gzip file holds."""
    with gzip.open(file) as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
