"""Checks the resources that run images of the app, in the resolved templates: order, place, rights, architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from aws_cdk import CfnResource, Stack
from constructs import Construct

from scoped_images.cdk.annotations import annotate_error
from scoped_images.cdk.app.register import Register
from scoped_images.cdk.app.registered_image import RegisteredImage
from scoped_images.cdk.app.rendered_templates import stack_template
from scoped_images.cdk.deploy_order import create_after, deploy_after
from scoped_images.cdk.place import path_of, stack_of
from scoped_images.templates.architecture import FUNCTIONS, SAME_REGION, Architecture, architectures_of
from scoped_images.templates.image_reference import ImageReference, image_references
from scoped_images.templates.repository_policy import may_pull
from scoped_images.templates.template import StackTemplate, Templates


class ImageUses:
    """The resources of one stage that name images of the app."""

    def __init__(
        self,
        templates: Templates,
        stacks: Iterable[Stack],
        resources: Sequence[CfnResource],
        register: Register,
    ) -> None:
        self._templates = templates
        self._stacks = {path_of(stack): stack for stack in stacks}
        self._parents = {template.path: template.parent for template in templates.stacks}
        self._resources = resources
        self._images = _Images(templates, register.images)
        self._register = register

    def check(self) -> None:
        """Have stacks and resources wait for the images that they run; annotate what cannot work."""
        for template in self._templates.stacks:
            for logical_id, resource in template.section("Resources").items():
                if isinstance(resource, dict):
                    self._check(template, logical_id, resource)

    def _check(self, template: StackTemplate, logical_id: str, resource: Mapping[str, Any]) -> None:
        properties, resource_type = resource.get("Properties") or {}, str(resource.get("Type"))
        uses = list(self._uses(template, properties))
        if not uses:
            return
        # The construct is looked up only if it is needed: each logical id is a call to JavaScript.
        construct = partial(self._construct, template.path, logical_id)
        consumer = _Consumer(self._stacks[self._top(template.path)], construct, resource_type)
        for reference, images in uses:
            self._wait(consumer, reference, images)
            self._check_place(consumer, template, reference, images[0])
        for architecture in architectures_of(
            resource_type, {**_globals(template, resource_type), **properties}
        ):
            named = [images[0] for _, images in self._uses(template, architecture.images)]
            if named:
                consumer.check_architecture(architecture, named)

    def _uses(
        self, template: StackTemplate, value: Any
    ) -> Iterator[tuple[ImageReference, list[RegisteredImage]]]:
        """Yield each reference to an image of the app, and all that publish that image."""
        for text in self._templates.texts(template, value):
            for reference in image_references(text):
                images = self._images.named_by(reference)
                if images:
                    yield reference, images

    def _construct(self, path: str, logical_id: str) -> Construct:
        """Return the construct of a resource, or its stack if it has none, as in an included template."""
        return self._constructs.get((path, logical_id), self._stacks[path])

    @cached_property
    def _constructs(self) -> dict[tuple[str, str], CfnResource]:
        """Find the constructs of all resources, by the path of their stack and their logical id."""
        by_stack: dict[str, list[CfnResource]] = {}
        for resource in self._resources:
            by_stack.setdefault(path_of(stack_of(resource)), []).append(resource)
        return {
            (path, logical_id): resource
            for path, resources in by_stack.items()
            for resource, logical_id in zip(
                resources, self._stacks[path].resolve([each.logical_id for each in resources]), strict=True
            )
        }

    def _top(self, path: str) -> str:
        """Return the path of the stack that a nested stack is deployed with."""
        while (parent := self._parents.get(path)) is not None:
            path = parent
        return path

    def _wait(
        self, consumer: _Consumer, reference: ImageReference, images: Sequence[RegisteredImage]
    ) -> None:
        published = [image for image in images if not image.exists]
        own = [image for image in published if self._top(path_of(image.stack)) == path_of(consumer.top)]
        if own:
            # An attribute among the names is a dependency already.
            if own[0].needed is not None and not any(name.startswith("$") for name in reference.names):
                construct = consumer.construct()
                if isinstance(construct, CfnResource):
                    create_after(construct, own[0].needed)
            return
        # Stacks of another Stage are not here.
        here = [image for image in published if path_of(image.stack) in self._stacks]
        if published and not here:
            consumer.fail(
                f"its image is published by stack {path_of(published[0].stack)!r} of another Stage, and CDK orders no "
                "stacks across Stages; make the image in a stack of this Stage too"
            )
        elif reference.imported:
            exporter = self._top(path_of((here or images)[0].stack))
            consumer.fail(
                f"its image is named by a value that stack {exporter!r} exports, and "
                "CloudFormation changes no export that is in use; put both into one stack, make the image with "
                "pin_digest=False, or set @aws-cdk/core:defaultCrossStackReferences to 'weak'"
            )
        elif here:
            consumer.wait_for_stack([self._stacks[self._top(path_of(image.stack))] for image in here])

    def _check_place(
        self, consumer: _Consumer, template: StackTemplate, reference: ImageReference, image: RegisteredImage
    ) -> None:
        account, region = reference.account, reference.region
        elsewhere = None not in (region, template.region) and region != template.region
        if elsewhere and consumer.type in SAME_REGION:
            consumer.fail(
                f"{consumer.type} takes images of its own region {template.region} only, got one in {region}; publish "
                f"the image in {template.region} too"
            )
        if None in (account, template.account) or account == template.account:
            return
        function, policy, name = consumer.type in FUNCTIONS, self._policy(reference), reference.repository
        if policy is None:
            if self._register.is_external(account=account, region=region, name=name):
                return
            what = f"{path_of(image.scope)!r} repository=, an ImageRepository with"
        elif may_pull(policy, str(template.account), template.region, function=function):
            return
        else:
            what = "that ImageRepository"
        consumer.fail(
            f"its image is in repository {name!r} of account {account}, from which "
            f"{'Lambda functions of account' if function else 'account'} {template.account} may not pull; give {what} "
            f"pull_accounts=['{template.account}']"
        )

    def _policy(self, reference: ImageReference) -> list[str] | None:
        """Return the statements of a repository's policy, or None if no stack here makes the repository."""
        for stack in self._templates.stacks:
            for resource in stack.section("Resources").values():
                properties = resource.get("Properties", {})
                if (
                    resource.get("Type") == "AWS::ECR::Repository"
                    and (stack.account, stack.region) == (reference.account, reference.region)
                    and properties.get("RepositoryName") == reference.repository
                ):
                    statements = properties.get("RepositoryPolicyText", {}).get("Statement", [])
                    return ["\n".join(self._templates.texts(stack, each)) for each in statements]
        return None


class _Consumer:
    """One resource that names images of the app. top: the stack that it is deployed with."""

    def __init__(self, top: Stack, construct: Callable[[], Construct], resource_type: str) -> None:
        self.top, self.construct, self.type = top, construct, resource_type
        self._failures: set[str] = set()

    def fail(self, what: str) -> None:
        """Annotate the resource with an error, once."""
        if what not in self._failures:
            self._failures.add(what)
            annotate_error(self.construct(), what)

    def wait_for_stack(self, publishers: Sequence[Stack]) -> None:
        """Deploy after one of the stacks that publish the image."""
        for publisher in publishers:
            try:
                deploy_after(self.top, publisher)
                return
            except RuntimeError:
                continue
        self.fail(
            f"its image is published by stack {path_of(publishers[0])!r}, which itself waits for "
            f"{path_of(self.top)!r}; put the image into the stack that runs it"
        )

    def check_architecture(self, architecture: Architecture, images: Sequence[RegisteredImage]) -> None:
        """Compare the architecture that the template sets with that of the images."""
        if self.type in FUNCTIONS and any(image.is_index for image in images):
            self.fail(
                "Lambda takes an image of one platform, got an index over several; make the code with "
                "to_lambda_code(platform=…)"
            )
            return
        platforms = set.intersection(*(set(image.platforms) for image in images))
        if not platforms:
            built = sorted({platform for image in images for platform in image.platforms})
            self.fail(
                f"all its images must run on one architecture, got images for {' and '.join(built)}; build them for the "
                "same platform"
            )
        elif architecture.platform not in platforms and architecture.property is None:
            self.fail(
                f"{self.type} runs {architecture.platform} only, got an image for {min(platforms)}; build it for "
                f"{architecture.platform}"
            )
        elif architecture.platform not in platforms:
            got = "no value" if architecture.value is None else architecture.value
            self.fail(
                f"{architecture.property}: its image is built for {min(platforms)}, got {got}; set "
                f"{architecture.words[min(platforms)]}"
            )


class _Images:
    """The images of the app, by what templates call them."""

    def __init__(self, templates: Templates, images: Sequence[RegisteredImage]) -> None:
        self._found: dict[tuple[str, str], list[tuple[int, RegisteredImage, ImageReference]]] = {}
        by_stack: dict[str, list[tuple[int, RegisteredImage]]] = {}
        for number, image in enumerate(images):
            by_stack.setdefault(path_of(image.stack), []).append((number, image))
        for numbered in by_stack.values():
            stack = numbered[0][1].stack
            template = stack_template(stack, {})
            # In one call to JavaScript.
            uris = stack.resolve([image.uri for _, image in numbered])
            for (number, image), uri in zip(numbered, uris, strict=True):
                (own,) = image_references("".join(templates.texts(template, uri)))
                for name in (*own.names, *image.digest_names):
                    self._found.setdefault((own.repository, name), []).append((number, image, own))

    def named_by(self, reference: ImageReference) -> list[RegisteredImage]:
        """Return the images that a reference may name, in the order in which they were made."""
        found = {
            number: image
            for name in reference.names
            for key in (name, *(name[: dot + 1] for dot, letter in enumerate(name) if letter == "."))
            for number, image, own in self._found.get((reference.repository, key), ())
            if own.is_same(reference)
        }
        return [found[number] for number in sorted(found)]


def _globals(template: StackTemplate, resource_type: str) -> Mapping[str, Any]:
    """Return what SAM gives every function of a template."""
    if resource_type != "AWS::Serverless::Function":
        return {}
    found = template.section("Globals").get("Function", {})
    return found if isinstance(found, Mapping) else {}
