"""One image in two environments and a Stage: each runs the one that its own stacks publish.

Docker reaches one region of the local AWS; tests/cdk/app/test_image_places.py has two.
"""

from __future__ import annotations

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.places import NewDeployment

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]

ENVIRONMENTS = ("dev", "prod", "staged")


@pytest.fixture(scope="module")
def deployed(new_deployment: NewDeployment) -> Deployment:
    """The app, deployed into nothing, with several stacks at a time."""
    deployment = new_deployment("consumers")
    deploy(deployment)
    return deployment


def deploy(deployment: Deployment) -> list[str]:
    return deployment.cdk("deploy", "**", "--require-approval", "never", "--concurrency", "4")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_function_runs_the_image_of_its_own_environment(deployed: Deployment, environment: str) -> None:
    repository = f"app-{environment}"
    ((tag, digest),) = [
        (tag, digest) for tag, digest in deployed.tags(repository).items() if tag.startswith("sha-")
    ]
    uris = {
        place: deployed.client("lambda").get_function(FunctionName=f"{environment}-{place}")["Code"][
            "ImageUri"
        ]
        for place in ("beside", "nested", "other")
    }
    address = f"{deployed.env.account}.dkr.ecr.us-east-1.amazonaws.com/{repository}"
    assert uris == {
        "beside": f"{address}@{digest}",
        "nested": f"{address}@{digest}",
        "other": f"{address}:{tag}",
    }


def test_a_second_deploy_builds_nothing(deployed: Deployment) -> None:
    assert deploy(deployed) == []
