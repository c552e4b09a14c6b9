"""A docker configuration of one command's own, with its logins: the user's stay as they are."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.building.docker import run_docker
from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json

_CONFIG = "config.json"


@dataclass(frozen=True, kw_only=True)
class Login:
    """A password for one registry. It is a secret: repr leaves it out."""

    registry: str
    user: str
    password: str = field(repr=False)


@contextmanager
def logged_in(
    logins: list[Login], *, docker: str, environment: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield an environment in which docker has these logins, and delete them afterwards.

    docker keeps its builders, contexts, plugins and other logins.
    """
    # Unlike Path.home(), it takes a user without a name and a home.
    own = Path(environment.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111
    # mkdtemp makes it readable only by its owner.
    with tempfile.TemporaryDirectory(prefix="scoped-images-") as folder:
        _write_config(own, Path(folder), [login.registry for login in logins])
        private = {**environment, "DOCKER_CONFIG": folder}
        for login in logins:
            options = ("--username", login.user, "--password-stdin", login.registry)
            done = run_docker(docker, "login", *options, environment=private, stdin=login.password)
            if done.returncode:
                raise ScopedImagesError(f"docker login to {login.registry} failed: {done.stderr.strip()}")
        yield private


def _write_config(own: Path, folder: Path, registries: Sequence[str]) -> None:
    """Link to what the user's configuration has, and write its file without helpers for the registries."""
    config = dict(read_json(own / _CONFIG) or {})
    helpers = config.get("credHelpers")
    # Docker asks a registry's helper, else the user's store, and only then the file: name no helper for ours.
    config["credHelpers"] = {
        **(helpers if isinstance(helpers, dict) else {}),
        **dict.fromkeys(registries, ""),
    }
    (folder / _CONFIG).touch(mode=0o600)
    (folder / _CONFIG).write_text(json.dumps(config))
    try:
        entries = list(own.iterdir()) if own.is_dir() else []
    except OSError as error:
        raise ScopedImagesError(
            f"DOCKER_CONFIG: cannot list {own}: {error.strerror}; name a folder that you may read"
        ) from None
    for entry in entries:
        if entry.name != _CONFIG:
            (folder / entry.name).symlink_to(entry.absolute())
