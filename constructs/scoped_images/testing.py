"""Helpers for tests of apps that use this library. Nothing here needs pytest or syrupy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HASH = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
_TAG = re.compile(r"\b(sha|git)-[0-9a-f]{32}(?:-[0-9a-f]{16})?\b")
# Logical ids of remote builds hold the content tag and CDK's hash of it. An attribute's name may follow.
_BUILD = re.compile(r"Forsha[0-9a-f]{32}(By[0-9a-z]+?)[0-9A-F]{8}(?![0-9A-F](?![a-z]))")
# CDK ends the name of an asset's destination with a hash of it.
_DESTINATION = re.compile(r"\b((?:\d{12}|current_account)-[a-z0-9_-]+)-[0-9a-f]{8}\b")
# An attribute, or what CDK makes of it in the name of a nested stack's parameter.
_KEY = re.compile(r"Image[0-9a-f]{32}")


def scrub(document: Any) -> Any:
    """Return a template or asset manifest in which no text depends on the content of an image or an asset.

    Every word of 64 hex digits becomes `HASH`: the hashes of assets, and a digest that you pinned by hand too. Content
    and commit tags become `sha-HASH` and `git-HASH`. The attributes of digests are numbered in the order in which the
    document names them: `Image1`, `Image2`. So a snapshot changes when a resource does, and not when a line of a handler
    does:

        assert scrub(Template.from_stack(stack).to_json()) == snapshot

    document: what `json.loads` returns; it is not changed.
    """
    return _scrub(document, {})


def _scrub(value: Any, keys: dict[str, str]) -> Any:
    if isinstance(value, Mapping):
        scrubbed: dict[Any, Any] = {}
        for key, each in value.items():
            name = _scrub(key, keys)
            # An asset manifest names its assets by their hashes.
            number = sum(str(other).startswith(f"{name} ") or other == name for other in scrubbed)
            scrubbed[f"{name} {number + 1}" if number else name] = _scrub(each, keys)
        return scrubbed
    if isinstance(value, list | tuple):
        return [_scrub(each, keys) for each in value]
    if not isinstance(value, str):
        return value
    text = _TAG.sub(r"\1-HASH", _BUILD.sub(r"ForHASH\1", _HASH.sub("HASH", value)))
    text = _DESTINATION.sub(r"\1-HASH", text)
    return _KEY.sub(lambda match: keys.setdefault(match[0], f"Image{len(keys) + 1}"), text)
