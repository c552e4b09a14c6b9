"""Recognizes the folder that CDK writes its cloud assembly to: each synth changes it, so no context may hold it."""

from __future__ import annotations

import os
from functools import lru_cache

# CDK's default. The folder has this name before the first synth ends.
_DEFAULT = "cdk.out"
# CDK writes both to every cloud assembly, also to that of a Stage.
_FILES = ("cdk.out", "manifest.json")


def is_output_folder(folder: str) -> bool:
    """Tell whether an absolute path is that of a cloud assembly, or of the one that the CLI is asking for."""
    if folder.endswith(f"/{_DEFAULT}"):
        return True
    # The CLI sets it for the app: to the folder of `--output`, or of "output" in cdk.json.
    asked = os.environ.get("CDK_OUTDIR")
    if asked and folder == _real(asked, os.getcwd()):  # noqa: PTH109 - a key of the cache
        return True
    return all(os.path.isfile(f"{folder}/{name}") for name in _FILES)  # noqa: PTH113 - for every folder of a context


@lru_cache(maxsize=4)
def _real(folder: str, current: str) -> str:
    return os.path.realpath(os.path.join(current, folder))  # noqa: PTH118 - text as `folder` is
