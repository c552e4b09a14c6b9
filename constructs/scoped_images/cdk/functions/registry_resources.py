"""Custom resources that look up digests, move tags and put indexes when images are in the registry.

A stack has up to 16 resources for digests, each for up to 30 images, and one resource for all moving tags. The path of
an image decides which resource looks its digest up; repository and tag decide the attribute. So the version of a
function changes with its own image, and never with other images.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import Any

from aws_cdk import CfnResource, CustomResource, Duration, Stack
from aws_cdk import aws_ecr as ecr
from constructs import Construct, IDependable

from scoped_images.cdk.app.registered_image import Digest
from scoped_images.cdk.functions.registry_function import registry_of
from scoped_images.cdk.place import context_value, is_known, once, path_of, place_of, repository_arn, stack_of
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.platform import Platform

# CloudFormation asks again only for what has changed. After somebody deleted an image by hand, make it ask:
# `cdk deploy -c scoped-images:again=<another value than before>`.
LOOK_AGAIN = "scoped-images:again"

# CloudFormation takes 4,096 bytes from a custom resource. Each key with its digest takes 107, and the rest of the
# answer at most 700.
_DIGESTS = 30
_KEY_DIGITS = 32

_LOOK = ("ecr:DescribeImages",)
_TAG = ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:PutImage")


class _RegistryResource(Construct):
    """A custom resource of the stack's registry function, which gets `actions` on the repositories that it allows."""

    def __init__(self, scope: Construct, construct_id: str, *, kind: str, actions: tuple[str, ...]) -> None:
        super().__init__(scope, construct_id)
        self._kind, self._actions = kind, actions
        self._registry = registry_of(stack_of(self))
        self._custom: CustomResource | None = None

    def _allow(self, repository_arn: str) -> None:
        self._registry.allow(self._actions, repository_arn)

    def _set(self, **properties: Any) -> None:
        """Make the resource with these properties, or change them."""
        if self._custom is not None:
            for name, value in properties.items():
                self.resource.add_property_override(name, value)
            return
        again = context_value(self, LOOK_AGAIN)
        self._custom = CustomResource(
            self,
            "Resource",
            resource_type=f"Custom::ScopedImages{self._kind}",
            # CloudFormation waits for the function, which waits for its role and what that allows.
            service_token=self._registry.arn,
            # Shorter than CloudFormation's hour: it takes a second or fails.
            service_timeout=_five_minutes(),
            properties={**({"Again": str(again)} if again else {}), **properties},
        )

    @cached_property
    def resource(self) -> CfnResource:
        """What the template holds."""
        assert self._custom is not None, "it has properties"
        resource = self._custom.node.default_child
        assert isinstance(resource, CfnResource)
        return resource

    def _digest(self, attribute: str) -> Digest:
        assert self._custom is not None, "it has properties"
        value = self._custom.get_att_string(attribute)
        logical_id, _ = stack_of(self).resolve(value)["Fn::GetAtt"]
        return Digest(digest=f"sha256:{value}", logical_id=logical_id, attribute=attribute)


@cache
def _five_minutes() -> Duration:
    return Duration.minutes(5)


class ImageDigests(_RegistryResource):
    """Looks up the digests of up to 30 images when its stack deploys."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, kind="Digests", actions=_LOOK)
        self._found: dict[str, Digest] = {}
        # A list keeps its order in every tool that sorts keys, whatever the images hold.
        self._images: list[dict[str, str]] = []

    @property
    def is_full(self) -> bool:
        """Whether CloudFormation would take no further digest."""
        return len(self._found) >= _DIGESTS

    def find(self, key: str) -> Digest | None:
        """Return a digest that is looked up already."""
        return self._found.get(key)

    def add(self, repository: ecr.IRepository, tag: str, *, account: str) -> Digest:
        """Look `tag` up in `repository` when the stack deploys. account: of the repository."""
        key = _image_key(self, repository, tag, account)
        self._allow(repository.repository_arn)
        self._images.append(
            {"Key": key, "RegistryId": account, "RepositoryName": repository.repository_name, "ImageTag": tag}
        )
        self._set(Images=self._images)
        self._found[key] = self._digest(key)
        return self._found[key]


def digest_of(scope: Construct, repository: ecr.IRepository, tag: str, *, account: str) -> Digest:
    """Look `tag` up in `repository` when the stack of `scope` deploys, together with the stack's other look-ups."""
    stack = stack_of(scope)
    key = _image_key(stack, repository, tag, account)
    groups = _look_ups_of(stack)
    digits = hashlib.sha256(path_of(scope).removeprefix(path_of(stack)).encode()).hexdigest()
    # Not the next free place: then other images would change an image's reference, and Lambda refuses a new version of
    # a function that did not change. A second digit is needed when more than 30 images share the first, by chance.
    for length in range(1, len(digits) + 1):
        name = f"ScopedImagesDigests{digits[:length].upper()}"
        group = groups[name] = groups.get(name) or ImageDigests(stack, name)
        found = group.find(key)
        if found is not None:
            return found
        if not group.is_full:
            return group.add(repository, tag, account=account)
    raise AssertionError("no 30 images have one hash")


@once
def _look_ups_of(_: Stack) -> dict[str, ImageDigests]:
    """Return the look-ups of a stack by name."""
    return {}


class ImageIndex(_RegistryResource):
    """One index over the images of several platforms, under a tag of its own beside them.

    It leaves a tag that exists where it is.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository: RepositoryAddress,
        tag: str,
        images: Mapping[Platform, str],
    ) -> None:
        """Put the index when the stack deploys. images: tag of each platform's image."""
        super().__init__(scope, construct_id, kind="Index", actions=_TAG)
        key = _key(self, [repository.name, tag])
        self._allow(repository_arn(self, repository))
        self._set(
            RegistryId=repository.account,
            RepositoryName=repository.name,
            ImageTag=tag,
            Images={str(platform): image for platform, image in images.items()},
            Key=key,
        )
        self.digest = self._digest(key)


class MovingTags(_RegistryResource):
    """Second tags on a stack's images: each is taken from whatever image had it before."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, kind="Tags", actions=_TAG)
        self._tags: list[dict[str, str]] = []

    def add(
        self,
        repository: RepositoryAddress,
        *,
        from_tag: str,
        tags: Iterable[str],
        after: tuple[IDependable, ...],
    ) -> None:
        """Tag when the stack deploys and is done with `after`, and again when a tag changes."""
        self._allow(repository_arn(self, repository))
        self._tags += [
            {
                "RegistryId": repository.account,
                "RepositoryName": repository.name,
                "FromTag": from_tag,
                "ImageTag": tag,
            }
            for tag in tags
        ]
        self._set(ImageTags=self._tags)
        if after:
            self.node.add_dependency(*after)


def move_tags(
    scope: Construct,
    repository: RepositoryAddress,
    *,
    from_tag: str,
    tags: Iterable[str],
    after: tuple[IDependable, ...] = (),
) -> None:
    """Give an image further tags when the stack of `scope` deploys, together with the stack's other tags."""
    _moving_tags_of(stack_of(scope)).add(repository, from_tag=from_tag, tags=tags, after=after)


@once
def _moving_tags_of(stack: Stack) -> MovingTags:
    return MovingTags(stack, "ScopedImagesTags")


def _image_key(scope: Construct, repository: ecr.IRepository, tag: str, account: str) -> str:
    here = place_of(scope).account
    return _key(scope, [repository.repository_name, tag, *([account] if account != here else [])])


def _key(scope: Construct, parts: list[str]) -> str:
    """Return the name of an attribute: letters and digits, for tools that take no others."""
    literal = all(is_known(part) for part in parts)
    text = json.dumps(parts if literal else stack_of(scope).resolve(parts), sort_keys=True)
    return f"Image{hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]}"
