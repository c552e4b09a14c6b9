"""`scoped-images prune`: the same selection from a terminal."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
import typer

from scoped_images.command_line import main
from scoped_images.command_line.prune import prune
from scoped_images.errors import ScopedImagesError
from tests.lambdas.test_image_pruner.account import HOST, REGION, ROLE, Cloud, settings


@pytest.fixture
def deployed(cloud: Cloud) -> Cloud:
    """Three images and the function that a deployment would have left, in dry run."""
    cloud.push_many(3)
    boto3.client("lambda").create_function(
        FunctionName="image-pruner-dev",
        PackageType="Image",
        Code={"ImageUri": f"{HOST}/elsewhere:1"},
        Role=ROLE,
        Environment={"Variables": {"PRUNER_SETTINGS": settings(delete=False).to_text()}},
    )
    return cloud


def run(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(prune)
    return app(args=["--env", "dev", "--region", REGION, *arguments], standalone_mode=False)


def test_shows_what_would_go_and_why_the_rest_stays(
    deployed: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    rows = {line[1]: " ".join(line[5:]) for line in lines if line and line[0] == "app"}
    assert rows == {
        "sha-000": "nothing uses it",
        "sha-001": "nothing uses it",
        "sha-002": "among the newest 1",
    }
    assert len(deployed.tags()) == 3


def test_json_is_the_report(deployed: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    run("--json")
    report = json.loads(capsys.readouterr().out)
    assert report["images"] == {"kept": 1, "selected": 2, "archived": 0, "deleted": 0, "spared": 0, "left": 0}
    assert [image["tags"] for image in report["selected"]] == [["sha-001"], ["sha-000"]]


def test_a_pipe_gets_no_progress_even_where_colors_are_forced(
    deployed: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    run("--json")
    assert capsys.readouterr().err == ""


def test_apply_with_yes_deletes(deployed: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    run("--apply", "--yes")
    assert deployed.tags() == {"sha-002"}
    assert "0 images archived, 2 images deleted, up to 0.00 GB freed, 0 spared." in capsys.readouterr().out


def test_apply_asks_and_no_deletes_nothing(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def no(question: str, **_: Any) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(typer, "confirm", no)
    run("--apply")
    assert asked == ["Delete 2 images?"]
    assert len(deployed.tags()) == 3


def test_apply_without_a_terminal_requires_yes(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(
        ScopedImagesError, match="--apply: cannot ask, got a stdin that is not a terminal; pass --yes"
    ):
        run("--apply")
    assert len(deployed.tags()) == 3


def test_an_environment_without_a_pruner_is_named(cloud: Cloud) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        run("--env", "staging")
    assert str(caught.value) == (
        "--env: no function image-pruner-staging in eu-west-1, got 'staging'; deploy it with an ImagePruner, or give "
        "another --env or --region"
    )


def test_the_environment_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune"]) == 2
    assert "Missing option '--env'" in capsys.readouterr().err


def test_without_a_whole_listing_nothing_is_deleted(deployed: Cloud, inject: Any) -> None:
    inject("DescribeStacks", lambda _real: {"Stacks": [{}], "NextToken": "round and round"})
    with pytest.raises(ScopedImagesError, match="cannot tell what is in use, so nothing is selected: cloudf"):
        run("--apply", "--yes")
    assert len(deployed.tags()) == 3
