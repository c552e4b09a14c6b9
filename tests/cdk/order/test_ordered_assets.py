"""Images wait for the stacks that theirs depends on."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from scoped_images import OrderedAssets
from scoped_images.cdk.deploy_order import deploy_after
from tests.cdk.small_app import SmallApp
from tests.refusals import refused


def dependencies(files: dict[str, Any], stack: str) -> list[str]:
    found: list[str] = files["manifest.json"]["artifacts"][f"{stack}.assets"].get("dependencies", [])
    return sorted(found)


def test_asset_manifests_carry_the_dependencies_of_their_stacks(small_app: SmallApp) -> None:
    one, two = (small_app.repository(name) for name in ("one-dev", "two-dev"))
    first = small_app.base(small_app.stack("First"), "first", one)
    second = small_app.base(small_app.stack("Second"), "second", two, base=first)
    small_app.image(small_app.stack("App"), base=second, platforms=second.platforms)
    files = small_app.synth()
    assert dependencies(files, "Repositories") == []
    assert dependencies(files, "First") == ["Repositories"]
    assert dependencies(files, "Second") == ["First", "Repositories"]
    assert dependencies(files, "App") == ["Second"]


def test_the_artifact_is_otherwise_that_of_the_default_synthesizer(small_app: SmallApp) -> None:
    ordered, stock = (
        small_app.stack("Ordered"),
        small_app.stack("Stock", synthesizer=cdk.DefaultStackSynthesizer()),
    )
    first = small_app.stack("First")
    for stack in (ordered, stock):
        deploy_after(stack, first)
        cdk.CfnOutput(stack, "Output", value="x")
    artifacts = small_app.synth()["manifest.json"]["artifacts"]
    made = {key: value for key, value in artifacts["Ordered.assets"].items() if key != "dependencies"}
    made["properties"]["file"] = "Stock.assets.json"
    assert made == artifacts["Stock.assets"]


class OwnAssets(OrderedAssets):
    """A subclass that a user makes."""


@pytest.mark.parametrize("kind", [OrderedAssets, OwnAssets])
def test_the_class_in_place_of_an_instance_is_refused(kind: Any, tmp_path: Path) -> None:
    message = f"synthesizer: must be an instance, got the class {kind.__name__}; pass {kind.__name__}()"
    with refused(message):
        cdk.App(outdir=str(tmp_path), default_stack_synthesizer=kind)
    with refused(message):
        cdk.Stack(cdk.App(outdir=str(tmp_path)), "Stack", synthesizer=kind)
    # Nobody but jsii gets the error.
    assert dict(inspect.getmembers(kind))["publish_image"] is OrderedAssets.publish_image


def test_a_version_parameter_that_is_given_is_kept(tmp_path: Path) -> None:
    app = cdk.App(
        outdir=str(tmp_path),
        default_stack_synthesizer=OrderedAssets(bootstrap_stack_version_ssm_parameter="/my/version"),
    )
    deploy_after(cdk.Stack(app, "Second"), cdk.Stack(app, "First"))
    app.synth()
    artifacts = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    assert {
        artifacts[f"{stack}.assets"]["properties"]["bootstrapStackVersionSsmParameter"]
        for stack in ("First", "Second")
    } == {"/my/version"}


def test_another_synthesizer_is_refused_where_order_matters(small_app: SmallApp) -> None:
    repository = small_app.repository("api-dev")
    stack = small_app.stack("Base", synthesizer=cdk.DefaultStackSynthesizer())
    with refused(
        "synthesizer: the CLI would build images before its repository 'Repositories/api-dev' exists, got "
        "DefaultStackSynthesizer for stack 'Base'; use Stack(…, synthesizer=OrderedAssets()), or for the whole app "
        "App(default_stack_synthesizer=OrderedAssets())"
    ):
        small_app.base(stack, "base", repository)


class TeamAssets(OrderedAssets):
    """A synthesizer with an argument of its own, and state that is set after it is made."""

    def __init__(self, team: str) -> None:
        super().__init__(qualifier=team)
        self.team = team
        self.seen: list[str] = []

    def synthesize(self, session: cdk.ISynthesisSession) -> None:
        self.seen.append(self.team)
        super().synthesize(session)


def test_a_subclass_keeps_its_arguments_and_its_state_in_every_stack(tmp_path: Path) -> None:
    synthesizer = TeamAssets("team1")
    synthesizer.team = "renamed"
    app = cdk.App(outdir=str(tmp_path), default_stack_synthesizer=synthesizer)
    first, second = cdk.Stack(app, "First"), cdk.Stack(app, "Second")
    deploy_after(second, first)
    app.synth()
    assert synthesizer.seen == ["renamed", "renamed"]
    artifacts = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    assert artifacts["Second.assets"]["dependencies"] == ["First"]
    version = "/cdk-bootstrap/team1/version"
    assert artifacts["Second.assets"]["properties"]["bootstrapStackVersionSsmParameter"] == version
    assert [type(stack.synthesizer).__name__ for stack in (first, second)] == ["TeamAssets", "TeamAssets"]
