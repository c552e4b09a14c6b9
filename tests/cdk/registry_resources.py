"""What the custom resources of a template ask the registry for."""

from __future__ import annotations

from typing import Any

from aws_cdk.assertions import Template


def looked_up(template: Template) -> list[dict[str, Any]]:
    """The images whose digests the stack looks up."""
    return _all(template, "Custom::ScopedImagesDigests", "Images")


def moved_tags(template: Template) -> list[dict[str, Any]]:
    """The tags that the stack moves."""
    return _all(template, "Custom::ScopedImagesTags", "ImageTags")


def _all(template: Template, kind: str, key: str) -> list[dict[str, Any]]:
    found = template.find_resources(kind).values()
    return [each for resource in found for each in resource["Properties"][key]]
