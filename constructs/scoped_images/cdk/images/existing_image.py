"""An image that something else builds and pushes, for functions and containers."""

from __future__ import annotations

from collections.abc import Sequence

# Its modules load when they are first used: aws_lambda and aws_ecs take half a second.
import aws_cdk
from constructs import Construct

from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.app.registered_image import Digest, RegisteredImage
from scoped_images.cdk.checked import checked
from scoped_images.cdk.functions.registry_resources import digest_of
from scoped_images.cdk.images.docker_image_code import lambda_code
from scoped_images.cdk.place import path_of, place_of
from scoped_images.cdk.repositories.repository_by_name import RepositoryByName
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.ecr.image_name import ImageName
from scoped_images.errors import ScopedImagesError
from scoped_images.image.base_reference import BaseReference
from scoped_images.platform import Platform


class ExistingImage(Construct):
    """An image by its URI, as code of any number of stock `DockerImageFunction`s and containers.

    Its registry may be another account's ECR, whose repository's policy must let this account pull, or for containers any
    other registry.
    """

    @checked()
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        uri: str,
        *,
        platform: Platform | None = None,
        pin_digest: bool = False,
    ) -> None:
        """Refer to the image, which no stack waits for.

        uri: `<registry>/<repository>:<tag>` or `…@sha256:…`, a literal.
        platform: of the image, which functions and tasks then get. By default they keep their own.
        pin_digest: look the tag's digest up when the stack first deploys, in ECR of the stack's region, and again only
            when `uri` changes. A push to the same tag changes nothing.
        """
        super().__init__(scope, construct_id)
        self._name = ImageName.parse(BaseReference.external(uri, name=f"uri of {path_of(self)!r}").uri)
        self._uri, self._address = uri, RepositoryAddress.find(uri)
        if self._address:
            register_of(self).add_external_repository(self._address)
        self._digest: Digest | None = None
        self._repository = RepositoryByName(self, "Repository", self._address) if self._address else None
        if pin_digest and not self._name.digest:
            self._digest = self._look_up()
        if platform is not None:
            self._register(Platform.parse(platform))

    @property
    def uri(self) -> str:
        """What runs: the given URI, or `…@sha256:…` with `pin_digest`."""
        if self._repository is None or self._digest is None:
            return self._uri
        return self._repository.repository_uri_for_digest(self._digest.digest)

    @checked()
    def to_lambda_code(
        self, *, cmd: Sequence[str] | None = None, entrypoint: Sequence[str] | None = None
    ) -> aws_cdk.aws_lambda.DockerImageCode:
        """Return the image as a function's code; `cmd` and `entrypoint` default to those of the image."""
        if self._repository is None:
            raise ScopedImagesError(
                f"uri: Lambda takes images of ECR only, got {self._uri!r} for {path_of(self)!r}; copy the image to ECR, "
                "or pull it through a PullThroughCache"
            )
        return lambda_code(self._repository, self._tag_or_digest, cmd=cmd, entrypoint=entrypoint)

    def to_container_image(self) -> aws_cdk.aws_ecs.ContainerImage:
        """Return the image for a container of a task definition, whose execution role may then pull it from ECR."""
        images = aws_cdk.aws_ecs.ContainerImage
        if self._repository is None:
            return images.from_registry(self._uri)
        return images.from_ecr_repository(self._repository, self._tag_or_digest)

    @property
    def _tag_or_digest(self) -> str:
        return self._digest.digest if self._digest else self._name.digest or self._name.tag

    def _look_up(self) -> Digest:
        here = place_of(self).region
        if self._repository is None or self._address is None or self._address.region != here:
            raise ScopedImagesError(
                f"pin_digest: digests are looked up in ECR of the stack's region {here}, got {self._uri!r} for "
                f"{path_of(self)!r}; write the digest into the URI, …@sha256:…"
            )
        return digest_of(self, self._repository, self._name.tag, account=self._address.account)

    def _register(self, platform: Platform) -> None:
        if self._repository is None:
            return
        repository, digest, tag = self._repository, self._name.digest, self._name.tag
        uri = repository.image_uri(digest or tag)
        name = f"{repository.repository_name}@{digest}" if digest else f"{repository.repository_name}:{tag}"
        register_of(self).add_image(
            RegisteredImage(
                scope=self,
                uri=uri,
                # With the closing quote of JSON: many other values contain a tag such as `v1`.
                fragment=f'/{name}"',
                platforms=(platform,),
                find_digest=lambda: self._digest,
                exists=True,
            )
        )
