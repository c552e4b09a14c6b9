"""The main job: real images, built in the right order, cached in the registry, and run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.deployment import ASSETS, Deployment
from tests.e2e.registry_proxy import registry_proxy

pytestmark = pytest.mark.e2e

BASES = {"base-receipt-dynamo-local", "base-receipt-label-local"}
REPOSITORIES = BASES | {"upload-images-local", "create-labels-local", "receipt-api-local"}
DYNAMO = "receipts-local-base-receipt-dynamo/Image"
LABEL = "receipts-local-base-receipt-label/Image"
UPLOAD = "receipts-local-functions/upload_images-image"
CREATE = "receipts-local-functions/create_labels-image"
API = "receipts-local-api/Image"
ALL = sorted([DYNAMO, LABEL, UPLOAD, CREATE, API])
CACHE = "cache-linux-amd64"


@pytest.fixture(scope="module")
def deployed(new_deployment: Callable[[], Deployment]) -> Deployment:
    """The project, deployed into nothing: no image, no cache, no repository."""
    deployment = new_deployment()
    assert deployment.deploy() == ALL
    return deployment


@pytest.fixture
def source(deployed: Deployment) -> Iterator[Callable[[str], Path]]:
    """A file of the deployed project that may be changed; it is put back afterwards."""
    changed: list[tuple[Path, bytes]] = []

    def take(name: str) -> Path:
        path = deployed.project / name
        changed.append((path, path.read_bytes()))
        return path

    yield take
    for path, content in changed:
        path.write_bytes(content)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def new_images(before: set[str], deployment: Deployment) -> set[str]:
    """Names of the images whose digest the registry did not hold before."""
    return {name for name, digest in deployment.digests().items() if digest not in before}


def try_it(deployment: Deployment) -> str:
    """Upload, label and read back, as `make try` does; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.try_receipts", "local", str(deployment.outputs_file)],
        cwd=deployment.project,
        env=deployment.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_first_deploy_fills_every_cache(deployed: Deployment) -> None:
    for repository in REPOSITORIES:
        assert CACHE in deployed.tags(repository)


def test_a_base_has_its_content_tag_and_stable_on_one_digest(deployed: Deployment) -> None:
    digests = deployed.digests()
    for repository, name in (("base-receipt-dynamo-local", DYNAMO), ("base-receipt-label-local", LABEL)):
        tags = deployed.tags(repository)
        (content,) = [tag for tag in tags if tag.startswith("sha-")]
        assert tags[content] == tags["stable"] == digests[name]


def test_dependents_stand_on_their_base_s_layers(deployed: Deployment) -> None:
    digests = deployed.digests()
    dynamo, label, create = (deployed.layers(ASSETS, digests[name]) for name in (DYNAMO, LABEL, CREATE))
    assert label[: len(dynamo)] == dynamo
    assert create[: len(label)] == label


def test_function_and_service_answer_with_what_was_stored(deployed: Deployment) -> None:
    printed = try_it(deployed)
    receipt = json.loads(printed[printed.index("{") :])
    assert receipt["lines"][0] == "CORNER SHOP"
    totals = [label["value"] for label in receipt["labels"] if label["label"] == "GRAND_TOTAL"]
    assert totals == ["11.00"]


def test_the_digest_output_is_the_registry_s_digest(deployed: Deployment) -> None:
    outputs = [value for name, value in deployed.outputs().items() if "ImageDigest" in name]
    digests = deployed.digests()
    assert sorted(outputs) == sorted(digests[name] for name in (UPLOAD, CREATE, API))


def test_the_function_runs_the_digest_and_not_a_tag(deployed: Deployment) -> None:
    code = deployed.client("lambda").get_function(FunctionName="upload_images-local")["Code"]
    assert code["ImageUri"].endswith(f"@{deployed.digests()[UPLOAD]}")


def test_a_second_deploy_builds_nothing(deployed: Deployment) -> None:
    before = deployed.known()
    assert deployed.deploy() == []
    assert new_images(before, deployed) == set()


def test_a_second_deploy_builds_nothing_on_another_machine_either(deployed: Deployment) -> None:
    deployed.empty_engine()
    assert deployed.deploy() == []


def test_a_handler_change_rebuilds_one_image_on_the_layers_of_its_base(
    deployed: Deployment, source: Callable[[str], Path]
) -> None:
    before, known = deployed.digests(), deployed.known()
    append(source("lambdas/upload_images/handler.py"), "\n# changed\n")
    deployed.empty_engine()
    assert deployed.deploy() == [UPLOAD]
    assert new_images(known, deployed) == {UPLOAD}
    old, new = (deployed.layers(ASSETS, digests[UPLOAD]) for digests in (before, deployed.digests()))
    assert old[:-1] == new[:-1]
    assert old[-1] != new[-1]
    assert '"receipt_id"' in try_it(deployed)


def test_a_service_change_takes_its_dependencies_from_the_registry_cache(
    deployed: Deployment, source: Callable[[str], Path]
) -> None:
    """pip's layer has another digest each time it is made: the same digest came from the cache."""
    before = deployed.digests()
    append(source("services/receipt_api/__main__.py"), "\n# changed\n")
    deployed.empty_engine()
    assert deployed.deploy() == [API]
    old, new = (deployed.layers(ASSETS, digests[API]) for digests in (before, deployed.digests()))
    assert old[:-1] == new[:-1]
    assert old[-1] != new[-1]


def test_a_change_in_receipt_label_rebuilds_it_and_what_stands_on_it(
    deployed: Deployment, source: Callable[[str], Path]
) -> None:
    before = deployed.known()
    append(source("packages/receipt_label/src/receipt_label/__init__.py"), "\n# changed\n")
    assert deployed.deploy() == sorted([LABEL, CREATE])
    assert new_images(before, deployed) == {LABEL, CREATE}


def test_a_change_in_receipt_dynamo_rebuilds_both_bases_and_their_dependents(
    deployed: Deployment, source: Callable[[str], Path]
) -> None:
    before = deployed.known()
    stable = deployed.tags("base-receipt-dynamo-local")["stable"]
    append(source("packages/receipt_dynamo/src/receipt_dynamo/__init__.py"), "\n# changed\n")
    assert deployed.deploy() == ALL
    assert new_images(before, deployed) == set(ALL)
    assert deployed.tags("base-receipt-dynamo-local")["stable"] != stable
    assert '"receipt_id"' in try_it(deployed)


def test_a_readme_change_rebuilds_nothing(deployed: Deployment, source: Callable[[str], Path]) -> None:
    before = deployed.known()
    append(source("README.md"), "\nchanged\n")
    assert deployed.deploy() == []
    assert new_images(before, deployed) == set()


def test_a_deleted_cache_comes_back(deployed: Deployment, source: Callable[[str], Path]) -> None:
    deployed.client("ecr").batch_delete_image(
        repositoryName="create-labels-local", imageIds=[{"imageTag": CACHE}]
    )
    assert CACHE not in deployed.tags("create-labels-local")
    append(source("lambdas/create_labels/handler.py"), "\n# without a cache\n")
    deployed.empty_engine()
    assert deployed.deploy() == [CREATE]
    assert CACHE in deployed.tags("create-labels-local")


def test_a_registry_that_refuses_the_cache_does_not_fail_the_deploy(
    deployed: Deployment, source: Callable[[str], Path]
) -> None:
    before, cache = deployed.known(), deployed.tags("create-labels-local")[CACHE]
    append(source("lambdas/create_labels/handler.py"), "\n# cache refused\n")
    with registry_proxy(deployed.env.port, refuse=f"manifests/{CACHE}") as proxy:
        deployed.registry_port = proxy.server_port
        try:
            assert deployed.deploy() == [CREATE]
        finally:
            deployed.registry_port = None
        assert proxy.refused > 0
    assert new_images(before, deployed) == {CREATE}
    assert deployed.tags("create-labels-local")[CACHE] == cache
