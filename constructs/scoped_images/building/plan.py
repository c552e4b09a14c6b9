"""Decides which images of an assembly to build, and which of them are built from which."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, count

from scoped_images.building.assembly import Assembly, Base
from scoped_images.building.image_asset import Destination, ImageAsset, LeftImage

_IMAGE = "docker-image://"


@dataclass(frozen=True, kw_only=True)
class RegistryState:
    """What the registry holds under a destination's tag. digest: None if the tag does not exist."""

    uri: str
    digest: str | None


@dataclass(frozen=True, kw_only=True)
class Target:
    """An image to build.

    name: among the targets of the bake file. tags: the missing ones, `<registry>/<repository>:<tag>`.
    contexts: those of the image. A base image is there too, if another target builds it or its tag does not exist yet.
    """

    name: str
    image: ImageAsset
    tags: tuple[str, ...]
    contexts: Mapping[str, str] = field(default_factory=dict)

    @property
    def bases(self) -> tuple[str, ...]:
        """The names of the targets that it is built from."""
        places = self.contexts.values()
        return tuple(
            dict.fromkeys(place.removeprefix("target:") for place in places if place.startswith("target:"))
        )


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """What to build, bases before their dependents.

    present: the images that the registry has already.
    skipped: the images that are left to the CDK CLI.
    """

    targets: tuple[Target, ...]
    present: tuple[ImageAsset, ...] = ()
    skipped: tuple[LeftImage, ...] = ()

    def with_bases(self, name: str) -> tuple[Target, ...]:
        """Return a target and every target that it is built from, directly or indirectly."""
        by_name = {target.name: target for target in self.targets}
        found: dict[str, Target] = {}
        waiting = [name]
        while waiting:
            target = by_name[waiting.pop()]
            if target.name not in found:
                found[target.name] = target
                waiting += target.bases
        return tuple(target for target in self.targets if target.name in found)

    def dependents_of(self, names: Collection[str]) -> set[str]:
        """Return the names of what is built from one of these targets, directly or indirectly."""
        found = set(names)
        for target in self.targets:
            if not found.isdisjoint(target.bases):
                found.add(target.name)
        return found.difference(names)


def plan(
    assembly: Assembly, states: Mapping[Destination, RegistryState], *, platform: str | None = None
) -> BuildPlan:
    """Return a target for each image whose tag is missing, with each tag once.

    platform: build the images of this platform only. An image that names none is left to the CLI.
    """
    names: dict[str, ImageAsset] = {}
    missing: dict[str, str] = {}
    tags: dict[str, list[str]] = {}
    present = []
    skipped = list(assembly.skipped)
    for image in assembly.images:
        if platform is not None and image.platform is None:
            why = "it names no platform"
            skipped.append(LeftImage(name=image.name, stack=image.stack, platform=None, why=why))
        if platform is not None and image.platform != platform:
            continue
        found = [states[destination] for destination in image.destinations]
        uris = [each.uri for each in found if each.digest is None]
        if not uris:
            present.append(image)
        elif new := [uri for uri in uris if uri not in missing]:
            name = _name(image, names)
            names[name], tags[name] = image, new
            missing.update(dict.fromkeys(new, name))
    references = _References(assembly.bases, missing)
    targets = [
        Target(name=name, image=image, tags=tuple(tags[name]), contexts=references.contexts(image))
        for name, image in names.items()
    ]
    return BuildPlan(targets=_bases_first(targets), present=tuple(present), skipped=tuple(skipped))


def unbuilt_bases(
    assembly: Assembly, build: BuildPlan, states: Mapping[Destination, RegistryState]
) -> dict[str, tuple[Base, Target]]:
    """Return the bases that targets need and no image asset builds, by the URI of their content.

    states: of the destinations of the image assets.
    """
    ours = {each.uri for each in states.values()}
    found = {}
    for target in build.targets:
        for base in assembly.bases:
            uri = base.images.get(target.image.platform or "")
            if uri is not None and uri not in ours and base.reference in references_of(target.image):
                found[uri] = (base, target)
    return found


def references_of(image: ImageAsset) -> tuple[str, ...]:
    """Return what may be image references: named contexts that are images, and build arguments."""
    places = (place.removeprefix(_IMAGE) for place in image.contexts.values() if place.startswith(_IMAGE))
    return (*places, *image.build_args.values())


@dataclass(frozen=True)
class _References:
    """Finds what builds an image reference. missing: target by the URI that it pushes."""

    bases: tuple[Base, ...]
    missing: Mapping[str, str]

    def contexts(self, image: ImageAsset) -> dict[str, str]:
        """Return the image's named contexts, with the bases that a build would not find under their references."""
        # BuildKit reads a context that has the name of an image in place of the image.
        arguments = {value: f"{_IMAGE}{value}" for value in image.build_args.values()}
        found = {
            name: self._place(reference.removeprefix(_IMAGE), image.platform)
            for name, reference in {**arguments, **image.contexts}.items()
            if reference.startswith(_IMAGE)
        }
        return {**image.contexts, **{name: place for name, place in found.items() if place}}

    def _place(self, reference: str, platform: str | None) -> str:
        content = next(
            (
                base.images[platform]
                for base in self.bases
                if base.reference == reference and platform is not None and platform in base.images
            ),
            reference,
        )
        if content in self.missing:
            return f"target:{self.missing[content]}"
        # An index and a moving tag exist only after the base's stack is deployed.
        return f"{_IMAGE}{content}" if content != reference else ""


def _name(image: ImageAsset, taken: Iterable[str]) -> str:
    """Return a name that bake accepts, close to the one that CDK displays."""
    # `default` is the group of all targets.
    used = {*taken, "default"}
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", image.name).strip("-") or "image"
    with_platform = f"{name}-{re.sub('[^a-z0-9]+', '-', image.platform or 'image')}"
    numbered = (f"{name}-{number}" for number in count(2))
    return next(each for each in chain((name, with_platform), numbered) if each not in used)


def _bases_first(targets: Iterable[Target]) -> tuple[Target, ...]:
    by_name = {target.name: target for target in targets}
    done: dict[str, Target] = {}

    def add(target: Target) -> None:
        for base in target.bases:
            if base not in done:
                add(by_name[base])
        done[target.name] = target

    for target in by_name.values():
        if target.name not in done:
            add(target)
    return tuple(done.values())
