"""No image is built before its base is in the registry, whatever the CLI's flags; each time from nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.test_deploy import ALL

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--asset-build-concurrency", "4", "--concurrency", "4"),
        ("--no-asset-prebuild",),
        ("--no-asset-prebuild", "--asset-build-concurrency", "4", "--concurrency", "4"),
    ],
    ids=lambda flags: " ".join(flags) or "default flags",
)
def test_deploys_from_nothing(flags: tuple[str, ...], new_deployment: Callable[[], Deployment]) -> None:
    deployment = new_deployment()
    assert deployment.deploy(*flags) == ALL
    assert deployment.digests().keys() == set(ALL)
