"""Reads what a build must know from a cloud assembly: images, base images, and the stacks that make repositories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoped_images.building.image_asset import ImageAsset, LeftImage, left_to_the_cli
from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json

# Of a construct's metadata, which BaseImage adds: docs/decisions/0026-one-bake.md
BASE_METADATA = "scoped-images:base"


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base image. Other images are built FROM its reference.

    reference: `<registry>/<repository>:<tag>`, of an image, of an index, or of a tag that moves when the stack deploys.
    images: the content reference of each platform's image.
    stack: the stack that publishes it.
    """

    reference: str
    images: Mapping[str, str]
    stack: str


@dataclass(frozen=True, kw_only=True)
class Repository:
    """An ECR repository of one account and region."""

    name: str
    account: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack: its name for `cdk deploy`, its environment `aws://<account>/<region>`, and its template's file."""

    name: str
    environment: str
    template: Path

    def makes(self, repository: Repository) -> bool:
        """Return whether the stack makes a repository. A stack without an account or region may be anywhere."""
        account, _, region = self.environment.removeprefix("aws://").partition("/")
        if account not in (repository.account, "unknown-account"):
            return False
        if region not in (repository.region, "unknown-region"):
            return False
        return any(
            resource.get("Type") == "AWS::ECR::Repository"
            and resource.get("Properties", {}).get("RepositoryName") == repository.name
            for resource in _read(self.template).get("Resources", {}).values()
        )


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """The images of one cloud assembly.

    skipped: the images that only the CDK CLI can build.
    """

    images: tuple[ImageAsset, ...]
    bases: tuple[Base, ...] = ()
    skipped: tuple[LeftImage, ...] = ()
    stacks: tuple[Stack, ...] = ()

    def stack_of_repository(self, repository: Repository) -> str | None:
        """Return the name of the stack that makes a repository, or None if no stack of the assembly does."""
        return next((stack.name for stack in self.stacks if stack.makes(repository)), None)


def read_assembly(folder: Path) -> Assembly:
    """Read a cloud assembly and those nested in it. Raises ScopedImagesError if the folder holds none."""
    images: list[ImageAsset] = []
    bases: list[Base] = []
    skipped: list[LeftImage] = []
    stacks: list[Stack] = []
    try:
        for name, where, artifact, manifests in _stacks(folder.absolute()):
            for asset_id, entry in _docker_images(where, manifests):
                if why := left_to_the_cli(entry["source"]):
                    shown, on = entry.get("displayName") or asset_id, entry["source"].get("platform")
                    skipped.append(LeftImage(name=shown, stack=name, platform=on, why=why))
                else:
                    images.append(ImageAsset.read(entry, asset_id=asset_id, stack=name, folder=where))
            bases += [
                Base(reference=each["reference"], images=each["images"], stack=name)
                for each in _metadata(where, artifact, BASE_METADATA)
            ]
            environment = artifact.get("environment") or "aws://unknown-account/unknown-region"
            template = where / artifact["properties"]["templateFile"]
            stacks.append(Stack(name=name, environment=environment, template=template))
    except (AttributeError, KeyError, TypeError) as error:
        raise ScopedImagesError(
            f"--app: {folder} has a manifest of a form that this release cannot read, got {error!r}; synthesize it again"
        ) from error
    return Assembly(images=tuple(images), bases=tuple(bases), skipped=tuple(skipped), stacks=tuple(stacks))


def _stacks(folder: Path) -> Iterator[tuple[str, Path, Mapping[str, Any], list[str]]]:
    """Yield each stack's name for `cdk deploy`, folder, artifact and asset manifests, nested assemblies' stacks too."""
    content = read_json(folder / "manifest.json")
    if content is None or "version" not in content:
        raise ScopedImagesError(
            f"--app: {folder} is not a cloud assembly; run cdk synth, or give the command of an app"
        )
    artifacts = content.get("artifacts", {})
    for name, artifact in artifacts.items():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(folder / artifact["properties"]["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            needed = (artifacts.get(each, {}) for each in artifact.get("dependencies", ()))
            manifests = [
                each["properties"]["file"] for each in needed if each.get("type") == "cdk:asset-manifest"
            ]
            yield artifact.get("displayName", name), folder, artifact, manifests


def _docker_images(folder: Path, manifests: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for manifest in manifests:
        yield from (_read(folder / manifest).get("dockerImages") or {}).items()


def _metadata(folder: Path, artifact: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield the data of every construct's metadata of this kind."""
    further = artifact.get("additionalMetadataFile")
    entries = {**artifact.get("metadata", {}), **(_read(folder / further) if further else {})}
    for each in entries.values():
        yield from (entry["data"] for entry in each if entry["type"] == kind)


def _read(path: Path) -> Mapping[str, Any]:
    content = read_json(path)
    if content is None:
        raise ScopedImagesError(
            f"--app: {path} does not exist, but the cloud assembly names it; synthesize it again"
        )
    return content
