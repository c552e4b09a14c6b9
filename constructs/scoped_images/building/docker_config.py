"""A docker configuration of one command's own, with its logins: the user's stay as they are."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scoped_images.building.docker_error import cannot_run
from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json

_CONFIG = "config.json"


@dataclass(frozen=True, kw_only=True)
class Login:
    """A password for one registry. It is a secret: repr leaves it out."""

    registry: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login(registry={self.registry!r}, user={self.user!r})"


@contextmanager
def logged_in(
    logins: list[Login], *, docker: str, environment: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield an environment in which docker has these logins, and delete them afterwards.

    docker keeps its builders, contexts, plugins and other logins.
    """
    own = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
    # mkdtemp makes it readable only by its owner.
    with tempfile.TemporaryDirectory(prefix="scoped-images-") as folder:
        config = dict(read_json(own / _CONFIG) or {})
        # Docker asks a registry's helper, else the user's store, and only then the file: name no helper for ours.
        config["credHelpers"] = {
            **config.get("credHelpers", {}),
            **dict.fromkeys((login.registry for login in logins), ""),
        }
        with os.fdopen(os.open(Path(folder) / _CONFIG, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(config, file)
        for entry in own.iterdir() if own.is_dir() else ():
            if entry.name != _CONFIG:
                (Path(folder) / entry.name).symlink_to(entry.absolute())
        private = {**environment, "DOCKER_CONFIG": folder}
        for login in logins:
            _log_in(login, docker, private)
        yield private


def _log_in(login: Login, docker: str, environment: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            [docker, "login", "--username", login.user, "--password-stdin", login.registry],
            input=login.password,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise cannot_run(docker, error) from None
    if done.returncode:
        raise ScopedImagesError(f"docker login to {login.registry} failed: {done.stderr.strip()}")
