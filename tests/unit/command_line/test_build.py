"""What `scoped-images build` prints, and the mistakes that it names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scoped_images.building.assembly import Assembly, read_assembly
from scoped_images.building.build_log import Failure
from scoped_images.building.image_asset import LeftImage
from scoped_images.building.plan import BuildPlan, plan
from scoped_images.building.run import BuildResult
from scoped_images.command_line import main
from scoped_images.command_line.build_progress import build_progress
from scoped_images.command_line.build_report import BuildReport
from tests.unit.building.small_assembly import docker_image, on, uri, write_assembly
from tests.unit.building.test_plan import states

IMAGES = {"1": docker_image("base"), "2": docker_image("top", **on("base")), "3": docker_image("alone")}


@pytest.fixture
def small(tmp_path: Path) -> Assembly:
    """A base, an image on it, and an image without a base."""
    return read_assembly(write_assembly(tmp_path, IMAGES))


@pytest.fixture
def all_missing(small: Assembly) -> BuildPlan:
    """The plan to build them all."""
    return plan(small, states(small))


def left(stack: str, platform: str = "linux/amd64") -> LeftImage:
    """An image that the CLI builds, of a name that other stacks' images have too."""
    return LeftImage(name="stack/odd", stack=stack, platform=platform, why="a command of its own builds it")


def test_a_pipe_gets_no_progress_even_where_colors_are_forced(
    all_missing: BuildPlan, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with build_progress(all_missing) as on_step:
        on_step("stack-base", "RUN make")
    assert capsys.readouterr().err == ""


def test_a_dry_run_lists_what_would_be_built(
    all_missing: BuildPlan, capsys: pytest.CaptureFixture[str]
) -> None:
    skipped = (left("stack"), left("other"))
    BuildReport(plan=replace(all_missing, skipped=skipped)).show(as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        f"to build: stack/base: {uri('base')}",
        f"to build: stack/top: {uri('top')}",
        f"to build: stack/alone: {uri('alone')}",
        "left to cdk deploy: stack/odd: a command of its own builds it",
        "3 images to build, 0 failed, 0 not built, 0 in the registry already.",
    ]


def test_a_failure_is_shown_with_its_log_and_what_it_keeps_from_being_built(
    all_missing: BuildPlan, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = Failure(target="stack-base", step="RUN make", error="exit code: 3", log=("one", "\x1btwo"))
    result = BuildResult(
        pushed={uri("alone"): "sha256:1"}, failures=(failure,), blocked={"stack-top": "stack-base"}
    )
    report = BuildReport(plan=all_missing, result=result)
    report.show(as_json=False)
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"built: stack/alone: {uri('alone')}",
        "1 image built, 1 failed, 1 not built, 0 in the registry already.",
    ]
    assert printed.err.splitlines() == [
        "not built: stack/top: its base stack/base failed",
        "failed: stack/base: RUN make",
        "    one",
        "    \\x1btwo",
        "  exit code: 3",
    ]
    assert report.failed


def test_json_has_what_was_pushed_what_failed_and_the_bake_file(
    all_missing: BuildPlan, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = Failure(target="stack-alone", step="RUN make", error="exit code: 3")
    pushed = {uri("base"): "sha256:1", uri("top"): "sha256:2"}
    BuildReport(plan=all_missing, result=BuildResult(pushed=pushed, failures=(failure,), blocked={})).show(
        as_json=True
    )
    found = json.loads(capsys.readouterr().out)
    assert found["pushed"] == pushed
    image = {"target": "stack-alone", "image": "stack/alone", "stack": "app/stack", "platform": "linux/amd64"}
    assert found["failed"] == [{**image, "step": "RUN make", "error": "exit code: 3", "log": []}]
    top = {**image, "target": "stack-top", "image": "stack/top"}
    assert found["build"][1] == {**top, "tags": [uri("top")], "bases": ["stack-base"]}
    assert found["bake"]["target"].keys() == {"stack-base", "stack-top", "stack-alone"}


def test_images_of_one_name_differ_by_their_platforms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    platforms = ("linux/amd64", "linux/arm64")
    both = {
        each: {**docker_image(each[-5:], platform=each), "displayName": "stack/both"} for each in platforms
    }
    assembly = read_assembly(write_assembly(tmp_path, both))
    skipped = tuple(left("app/stack", platform=each) for each in platforms)
    build = replace(plan(assembly, states(assembly)), skipped=skipped)
    BuildReport(plan=build).show(as_json=False)
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"to build: stack/both for linux/amd64: {uri('amd64')}",
        f"to build: stack/both for linux/arm64: {uri('arm64')}",
    ]
    blocked = {"stack-both": "base", "stack-both-linux-arm64": "base"}
    BuildReport(plan=build, result=BuildResult(pushed={}, blocked=blocked)).show(as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [(each["target"], each["platform"]) for each in found["not_built"]] == [
        *zip(blocked, platforms, strict=True)
    ]
    assert found["left_to_cdk"] == [
        {
            "image": "stack/odd",
            "stack": "app/stack",
            "platform": each,
            "why": "a command of its own builds it",
        }
        for each in platforms
    ]


def test_stacks_to_deploy_first_are_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    BuildReport(
        deploy_first={
            "app/one": ["repository x"],
            "app/two": ["repository a", "base image c:d"],
        }
    ).show(as_json=False)
    assert capsys.readouterr().err.splitlines() == [
        "app/one must be deployed first: it makes repository x",
        "app/two must be deployed first: it makes repository a, base image c:d",
        "Deploy first: cdk deploy app/one app/two",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--platform", "linux/s390x"],
            "--platform: must be one of 'linux/amd64', 'linux/arm64', got 'linux/s390x'",
        ),
        (
            ["--app", "{folder}", "-c", "env=dev"],
            "--context: the cloud assembly {folder} is synthesized already, got 'env=dev'; leave --context out",
        ),
        (
            ["--app", "{folder}", "-o", "out"],
            "--output: the cloud assembly {folder} is synthesized already, got 'out'; leave --output out",
        ),
        (
            ["--app", "{folder}"],
            "--app: {folder} is not a cloud assembly; run cdk synth, or give the command of an app",
        ),
        (
            ["--app", "python app.py"],
            "cannot run 'cdk': No such file or directory; install it with npm install aws-cdk, or give a cloud assembly: "
            "--app cdk.out",
        ),
    ],
)
def test_a_mistake_is_named_in_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["build", *(each.format(folder=tmp_path) for each in arguments)]) == 2
    assert capfd.readouterr().err == f"scoped-images: {message.format(folder=tmp_path)}\n"


def test_a_profile_that_does_not_exist_is_an_error_of_one_line_though_the_region_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert main(["build", "--app", str(write_assembly(tmp_path, IMAGES))]) == 2
    assert capsys.readouterr().err == (
        "scoped-images: cannot read the AWS configuration: The config profile (nobody) could not be found; correct "
        "~/.aws/config, or name one of its profiles in AWS_PROFILE\n"
    )
