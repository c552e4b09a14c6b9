"""One image of an asset manifest: how it is built, and where it goes.

https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema.DockerImageAsset.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Outputs that only bring the image into the engine's own store, for the CLI to push it from there.
_STORE_OUTPUTS = re.compile(r"(type=)?(docker|image|registry)(,.*)?")
_REMOTE_CONTEXT = re.compile(r"(docker-image|https?|git|ssh)://|git@|github\.com/|target:")
_OCI_LAYOUT = "oci-layout://"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A repository and tag, and the role that publishes there.

    region: None for the one that the AWS CLI would use. role_options: further arguments of AssumeRole.
    Values may hold CDK's placeholders, such as `${AWS::Partition}`.
    """

    repository: str
    tag: str
    region: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    role_options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Destination:
        """Read a destination of an asset manifest."""
        return cls(
            repository=entry["repositoryName"],
            tag=entry["imageTag"],
            region=entry.get("region"),
            role_arn=entry.get("assumeRoleArn"),
            external_id=entry.get("assumeRoleExternalId"),
            role_options=entry.get("assumeRoleAdditionalOptions") or {},
        )


@dataclass(frozen=True, kw_only=True)
class ImageAsset:
    """An image that `docker build` makes.

    name: as CDK displays it. stack: the stack that needs it, as the CLI knows it.
    options: how it is built, as a target of a bake file has them; paths are absolute.
    """

    name: str
    stack: str
    destinations: tuple[Destination, ...]
    platform: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def read(cls, entry: Mapping[str, Any], *, asset_id: str, stack: str, folder: Path) -> ImageAsset:
        """Read an entry of `dockerImages`. folder: of the asset manifest."""
        source = entry["source"]
        return cls(
            name=entry.get("displayName") or asset_id,
            stack=stack,
            destinations=tuple(map(Destination.read, entry["destinations"].values())),
            platform=source.get("platform"),
            options=_bake_options(source, folder / source["directory"]),
        )

    @property
    def build_args(self) -> Mapping[str, str]:
        """The values of build arguments, by name."""
        found: Mapping[str, str] = self.options.get("args", {})
        return found

    @property
    def contexts(self) -> Mapping[str, str]:
        """The named contexts, as docker takes them."""
        found: Mapping[str, str] = self.options.get("contexts", {})
        return found


def _bake_options(source: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    contexts = source.get("dockerBuildContexts") or {}
    secrets = source.get("dockerBuildSecrets") or {}
    options = {
        "context": str(directory),
        "dockerfile": str(directory / (source.get("dockerFile") or "Dockerfile")),
        "target": source.get("dockerBuildTarget"),
        "args": source.get("dockerBuildArgs"),
        "contexts": {name: _absolute_context(place, directory) for name, place in contexts.items()},
        "secret": [f"id={name},{_absolute_secret(place, directory)}" for name, place in secrets.items()],
        "ssh": [source.get("dockerBuildSsh")],
        "network": source.get("networkMode"),
        "platforms": [source.get("platform")],
        "cache-from": [_cache(option) for option in source.get("cacheFrom") or ()],
        "cache-to": [_cache(source["cacheTo"])] if source.get("cacheTo") else None,
        "no-cache": source.get("cacheDisabled"),
    }
    return {name: value for name, value in options.items() if value and value != [None]}


@dataclass(frozen=True, kw_only=True)
class LeftImage:
    """An image that is left to the CDK CLI, and why. name, stack, platform: as an ImageAsset's."""

    name: str
    stack: str
    platform: str | None
    why: str


def left_to_the_cli(source: Mapping[str, Any]) -> str:
    """Return why only the CDK CLI can build an image of this source, or an empty string."""
    if not source.get("directory"):
        return "a command of its own builds it"
    other = [output for output in source.get("dockerOutputs") or () if not _STORE_OUTPUTS.fullmatch(output)]
    return f"it has the output {other[0]!r}" if other else ""


def _cache(option: Mapping[str, Any]) -> str:
    params = option.get("params") or {}
    return ",".join((f"type={option['type']}", *(f"{name}={value}" for name, value in params.items())))


def _absolute_context(place: str, directory: Path) -> str:
    if place.startswith(_OCI_LAYOUT):
        path, at, digest = place.removeprefix(_OCI_LAYOUT).partition("@")
        return f"{_OCI_LAYOUT}{_absolute(path, directory)}{at}{digest}"
    return place if _REMOTE_CONTEXT.match(place) else _absolute(place, directory)


def _absolute_secret(place: str, directory: Path) -> str:
    fields = (field.partition("=") for field in place.split(","))
    return ",".join(
        f"{key}={_absolute(value, directory)}" if key in ("src", "source") else f"{key}{equals}{value}"
        for key, equals, value in fields
    )


def _absolute(path: str, directory: Path) -> str:
    # Not resolved: docker itself follows links.
    return str((directory / path).absolute())
