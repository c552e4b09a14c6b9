"""A synthesized cloud assembly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Assembly:
    """A synthesized cloud assembly, by the names of its files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, name: str) -> Any:
        return json.loads((self.directory / name).read_text())

    @property
    def stacks(self) -> list[str]:
        artifacts = self.read("manifest.json")["artifacts"]
        return [
            name for name, artifact in artifacts.items() if artifact["type"] == "aws:cloudformation:stack"
        ]

    def template(self, stack: str) -> Any:
        return self.read(f"{stack}.template.json")

    def resources(self, stack: str, resource_type: str) -> list[Any]:
        """The properties of a stack's resources of one type."""
        return [
            resource["Properties"]
            for resource in self.template(stack)["Resources"].values()
            if resource["Type"] == resource_type
        ]

    def images(self, stack: str) -> dict[str, Any]:
        images: dict[str, Any] = self.read(f"{stack}.assets.json").get("dockerImages", {})
        # The keys of destinations are hashes of hashes, which no pattern could tell from other text.
        return {
            image["displayName"]: {**image, "destinations": list(image["destinations"].values())}
            for image in images.values()
        }

    def asset_dependencies(self, stack: str) -> list[str]:
        dependencies: list[str] = self.read("manifest.json")["artifacts"][f"{stack}.assets"].get(
            "dependencies", []
        )
        return dependencies
