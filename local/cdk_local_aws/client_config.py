"""Writes the docker CLI's configuration for the local environment, apart from the user's own logins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cdk_local_aws.private_files import private_folder, write_private


def write_client_config(folder: Path, *, plugin_folders: Sequence[Path]) -> Path:
    """Make the folder for DOCKER_CONFIG, or update an existing one and keep its logins; return the folder."""
    private_folder(folder)
    file = folder / "config.json"
    before = json.loads(file.read_text()) if file.exists() else {}
    after = {**before, "cliPluginsExtraDirs": [str(path) for path in plugin_folders]}
    if after != before:
        write_private(file, json.dumps(after, indent=2))
    return folder
