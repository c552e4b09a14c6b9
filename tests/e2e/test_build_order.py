"""No image is built before its base is in the registry, whatever the CLI's flags; each time from nothing.

test_deploy.py deploys from nothing with default flags.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.test_deploy import ALL, API, CREATE, DYNAMO, LABEL, UPLOAD

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


def test_publish_assets_builds_on_deployed_bases(new_deployment: Callable[[], Deployment]) -> None:
    """It publishes without deploying, and a base is in its repository only once its stack is deployed."""
    deployment = new_deployment()
    built = deployment.cdk("deploy", "receipts-local-base-receipt-label", "--require-approval", "never")
    assert built == sorted([DYNAMO, LABEL])
    deployment.empty_engine()
    built = deployment.cdk("publish-assets", "--all", "--unstable=publish-assets", "--concurrency", "4")
    assert built == sorted([UPLOAD, CREATE, API])
    assert deployment.digests().keys() == set(ALL)


def test_without_our_synthesizer_s_dependencies_the_base_is_missing(
    new_deployment: Callable[[], Deployment],
) -> None:
    """The other tests could fail: this is the assembly that a stock synthesizer writes."""
    deployment = new_deployment()
    deployment.cdk("synth", "--quiet")
    manifest = deployment.project / "cdk.out" / "manifest.json"
    content = json.loads(manifest.read_text())
    for name, artifact in content["artifacts"].items():
        if name.endswith(".assets"):
            artifact.pop("dependencies", None)
    manifest.write_text(json.dumps(content))
    with pytest.raises(AssertionError, match=r"base-receipt-(dynamo|label)-local:sha-\w+: not found"):
        deployment.deploy("--app", "cdk.out", "--asset-build-concurrency", "4")
