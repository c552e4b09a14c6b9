"""Renders a build plan as the JSON file that `docker buildx bake` takes.

https://docs.docker.com/build/bake/reference/
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from scoped_images.building.plan import Target

# Push only: an engine that also stored the image would have to download its base. Docker's media types, as a local
# build's. docs/decisions/0026-one-bake.md
PUSH = "type=image,push=true,unpack=false,store=false,oci-mediatypes=false"
_NO_OUTPUT = "type=cacheonly"


def bake_file(targets: Iterable[Target], *, push: Collection[str]) -> dict[str, Any]:
    """Return the bake file. Targets that are not in `push` are built only as bases of the others."""
    return {
        "group": {"default": {"targets": [target.name for target in targets if target.name in push]}},
        "target": {target.name: _target(target, push=target.name in push) for target in targets},
    }


def _target(target: Target, *, push: bool) -> dict[str, Any]:
    content = {
        **target.image.options,
        "contexts": dict(target.contexts),
        "tags": list(target.tags),
        "output": [PUSH if push else _NO_OUTPUT],
    }
    only_pushed = () if push else ("cache-to", "tags")
    return {name: _escaped(value) for name, value in content.items() if value and name not in only_pushed}


def _escaped(value: Any) -> Any:
    """Keep HCL from expanding `${…}` and `%{…}`, which bake does in JSON too, also in names."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {_escaped(name): _escaped(each) for name, each in value.items()}
    return [_escaped(each) for each in value] if isinstance(value, list) else value
