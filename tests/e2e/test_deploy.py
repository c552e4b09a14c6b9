"""The main job: real images, built at once, cached in the registry, and run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from cdk_local_aws.stand_in_images import LAMBDA_PYTHON
from tests.e2e.bake import build
from tests.e2e.deployment import Deployment
from tests.e2e.registry_proxy import registry_proxy
from tests.e2e.releases import FUNCTION, RELEASED, prune_in_a_month, release, roll_service_back, upload

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
SERVICE = "services/receipt_api/__main__.py"


@pytest.fixture(scope="module")
def deployed(new_deployment: Callable[[], Deployment]) -> Deployment:
    """The project, built at once and deployed into nothing, as `make deploy` does it on AWS."""
    deployment = new_deployment()
    deployment.cdk("synth", "--quiet")
    assert len(build(deployment, "--app", "cdk.out", "--deploy-first")["pushed"]) == 5
    assert deployment.deploy("--app", "cdk.out") == []
    assert deployment.digests().keys() == set(ALL)
    functions = deployment.client("lambda")
    version = functions.publish_version(FunctionName=FUNCTION)["Version"]
    functions.create_alias(FunctionName=FUNCTION, Name="first", FunctionVersion=version)
    return deployment


def append(deployment: Deployment, name: str, text: str = "# changed\n") -> None:
    """Add a line to a file of the deployed project. Changes pile up: each test starts from those before it."""
    with (deployment.project / name).open("a") as file:
        file.write(text)


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


def test_a_first_deploy_fills_the_caches_of_images_that_run_steps(deployed: Deployment) -> None:
    cached = {repository for repository in REPOSITORIES if CACHE in deployed.tags(repository)}
    assert cached == BASES | {"receipt-api-local"}


def test_a_base_has_its_content_tag_and_stable_on_one_digest(deployed: Deployment) -> None:
    digests = deployed.digests()
    for repository, name in (("base-receipt-dynamo-local", DYNAMO), ("base-receipt-label-local", LABEL)):
        tags = deployed.tags(repository)
        (content,) = [tag for tag in tags if tag.startswith("sha-")]
        assert tags[content] == tags["stable"] == digests[name]


def test_dependents_stand_on_their_base_s_layers(deployed: Deployment) -> None:
    dynamo, label, create = (deployed.layers(name) for name in (DYNAMO, LABEL, CREATE))
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


def test_a_second_deploy_builds_nothing_on_another_machine(deployed: Deployment) -> None:
    """Also after a change of a page, and with one more package of the workspace, which no workload needs."""
    append(deployed, "README.md")
    folder = deployed.project / "packages/receipt_unused"
    (folder / "src/receipt_unused").mkdir(parents=True)
    (folder / "src/receipt_unused/__init__.py").touch()
    (folder / "pyproject.toml").write_text('[project]\nname = "receipt-unused"\nversion = "0.1.0"\n')
    deployed.empty_engine()
    assert deployed.deploy() == []


def test_a_changed_workload_keeps_the_layers_of_its_base_and_of_the_registry_cache(
    deployed: Deployment,
) -> None:
    """pip's layer in the service has another digest each time it is made: the same digest came from the cache."""
    old = {name: deployed.layers(name) for name in (UPLOAD, API)}
    append(deployed, "lambdas/upload_images/handler.py")
    append(deployed, SERVICE)
    deployed.empty_engine()
    assert deployed.rebuilt(deployed.deploy) == set(deployed.built()) == {UPLOAD, API}
    for name, layers in old.items():
        new = deployed.layers(name)
        assert layers[:-1] == new[:-1]
        assert layers[-1] != new[-1]
    assert '"receipt_id"' in try_it(deployed)


def test_a_changed_base_rebuilds_what_is_built_on_it_and_nothing_else(deployed: Deployment) -> None:
    append(deployed, "packages/receipt_label/src/receipt_label/__init__.py")
    assert deployed.rebuilt(deployed.deploy) == {LABEL, CREATE}
    assert set(deployed.built()) == {LABEL, CREATE}


def patch_upstream(deployment: Deployment) -> None:
    """A patch of the public image, as `scoped-images bases update` records it."""
    folder = deployment.project.parent / "patched"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {LAMBDA_PYTHON.image}\nCOPY Dockerfile /patched\n")
    deployment.docker("build", "--provenance=false", "--tag", LAMBDA_PYTHON.image, str(folder))
    digest = deployment.docker("image", "inspect", "--format", "{{.Id}}", LAMBDA_PYTHON.image).strip()
    lock = deployment.project / "dockerfiles/images.lock"
    lock.write_text(json.dumps({"images": {LAMBDA_PYTHON.image: digest}}))


def test_a_patched_public_image_rebuilds_all_with_a_deleted_and_with_a_refused_cache(
    deployed: Deployment,
) -> None:
    """The deleted cache comes back. A registry that takes none does not fail the deploy."""
    patch_upstream(deployed)
    cache = deployed.tags("receipt-api-local")[CACHE]
    deployed.client("ecr").batch_delete_image(
        repositoryName="base-receipt-label-local", imageIds=[{"imageTag": CACHE}]
    )
    assert CACHE not in deployed.tags("base-receipt-label-local")
    with registry_proxy(deployed.env.port, refuse=f"receipt-api-local/manifests/{CACHE}") as proxy:
        deployed.registry_port = proxy.server_port
        assert deployed.rebuilt(deployed.deploy) == set(ALL)
        assert proxy.refused > 0
    deployed.registry_port = None
    assert CACHE in deployed.tags("base-receipt-label-local")
    assert deployed.tags("receipt-api-local")[CACHE] == cache


def test_every_version_and_the_last_release_start_after_pruning(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pruned images are those of the tests above; the function and the service still answer."""
    versions = [release(deployed) for _ in range(2)]
    before = deployed.known(*RELEASED)

    report = prune_in_a_month(deployed, monkeypatch)

    assert (report.outcome, report.problems) == ("done", [])
    after = deployed.known(*RELEASED)
    assert {image.digest for image in report.deleted} == before - after
    # Of the function's five images the first and the last two are in use, and the one before the last but one stays; of
    # the service's three the last two.
    assert len(before - after) >= 2
    digests = deployed.digests()
    assert {digests[UPLOAD], digests[API]} <= after

    deployed.empty_engine()
    for version in ("first", *versions, "$LATEST"):
        assert upload(deployed, version)["receipt_id"]
    assert roll_service_back(deployed) in after
    assert '"GRAND_TOTAL"' in try_it(deployed)
    assert prune_in_a_month(deployed, monkeypatch).deleted == []
