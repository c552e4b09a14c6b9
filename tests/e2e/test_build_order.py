"""No image is built before its base is in the registry, whatever the CLI's flags; each time from nothing.

test_readme.py deploys from nothing with default flags; test_graph.py has more orders, of smaller images.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.test_deploy import ALL

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "flags",
    [("--asset-build-concurrency", "4", "--concurrency", "4"), ("--no-asset-prebuild",)],
    ids=" ".join,
)
def test_deploys_from_nothing(flags: tuple[str, ...], new_deployment: Callable[[], Deployment]) -> None:
    deployment = new_deployment()
    assert deployment.deploy(*flags) == ALL
    assert deployment.digests().keys() == set(ALL)
