"""`scoped-images watch`: what `cdk watch` must observe to see every change of an image."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from scoped_images.command_line.say import say, warn
from scoped_images.context.watch_patterns import WATCH_FILE
from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json, write_json

_CDK_JSON = Path("cdk.json")
# Python writes there whenever synth imports a module of the app.
_EXCLUDED = "**/__pycache__/**"
_INDENT = re.compile(r'^[ \t]+(?=")', re.MULTILINE)


def watch(
    *,
    assembly: Annotated[
        str, typer.Argument(metavar="ASSEMBLY", help="The cloud assembly that cdk synth has written.")
    ] = "cdk.out",
    write: Annotated[
        bool,
        typer.Option("--write", help="Write them to watch in cdk.json, and keep all other settings."),
    ] = False,
) -> None:
    """Print the patterns for cdk watch that cover the app's code and the files of its images."""
    file = Path(assembly) / WATCH_FILE
    found = read_json(file)
    if found is None:
        raise ScopedImagesError(
            f"ASSEMBLY: it holds no images of this library, got {assembly!r}; run cdk synth, or give the folder that it "
            "writes"
        )
    patterns = found.get("include")
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise ScopedImagesError(
            f"{file}: include must be a list of patterns, got {patterns!r}; run cdk synth again"
        )
    include = [str(_CDK_JSON)]
    for pattern in patterns:
        if pattern.startswith("../"):
            warn(
                f"cdk watch observes only the folder of cdk.json, got {pattern!r}; move cdk.json to a folder above both, "
                'and adapt its "app"'
            )
        else:
            include.append(pattern)
    if write:
        _write(include)
    else:
        say(json.dumps({"watch": {"include": include, "exclude": [_EXCLUDED]}}, indent=2))


def _write(include: list[str]) -> None:
    content: dict[str, Any] | None = read_json(_CDK_JSON)
    if content is None:
        raise ScopedImagesError(
            f"cdk.json: not found, got {str(Path.cwd())!r}; run this in the folder of cdk.json"
        )
    before = content.get("watch")
    settings = before if isinstance(before, dict) else {}
    # The CLI takes one pattern as text, too.
    exclude = settings.get("exclude", [])
    exclude = exclude if isinstance(exclude, list) else [exclude]
    if _EXCLUDED not in exclude:
        exclude = [*exclude, _EXCLUDED]
    content["watch"] = {**settings, "include": include, "exclude": exclude}
    indent = _INDENT.search(_CDK_JSON.read_text(encoding="utf-8", errors="replace"))
    write_json(_CDK_JSON, content, sort_keys=False, indent=indent[0] if indent else 2)
    say(f"cdk.json: watch.include has {len(include)} patterns")
