"""`scoped-images build --builder` with a buildkitd that is not the engine's.

`make buildkitd` runs this. CI does not: building the daemon takes minutes of CPU on a fresh machine.
"""

from __future__ import annotations

from tests.e2e.bake import build
from tests.e2e.graph import assert_built_from_bases
from tests.e2e.nightly.buildkitd import build_buildkitd, running_buildkitd
from tests.e2e.places import ROOT, NewDeployment
from tests.e2e.remote_builder import builder
from tests.e2e.test_bake import delete_images, tags_and_files


def test_a_buildkitd_builds_the_same_files_under_the_same_tags(new_deployment: NewDeployment) -> None:
    program = build_buildkitd(ROOT / ".local/buildkitd")
    deployment = new_deployment("graph")
    build(deployment, "-c", "env=local", "--deploy-first")
    baked = tags_and_files(deployment)
    delete_images(deployment)
    with running_buildkitd(program) as address, builder(deployment, address) as name:
        report = build(deployment, "--app", "cdk.out", "--builder", name)
    assert (len(report["pushed"]), report["failed"]) == (9, [])
    assert tags_and_files(deployment) == baked
    assert_built_from_bases(deployment)
