"""Where the e2e tests keep and find things, and what makes a deployment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.deployment import Deployment

ROOT = Path(__file__).parents[2]
APPS = Path(__file__).with_name("apps")
NewDeployment = Callable[..., Deployment]


def bring_stand_ins(state: Path) -> None:
    """Give a local AWS with another state the base images that the fixture `engine` has built in a minute of CPU."""
    folder = state / "base-images/stand-ins"
    folder.mkdir(parents=True)
    for archive in (ROOT / ".local/base-images/stand-ins").glob("*.tar"):
        (folder / archive.name).symlink_to(archive)
