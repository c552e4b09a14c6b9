"""Two versions of one package in bases that are built from each other are a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.bases.graph import BaseGraph
from tests.unit.workspace.repository import packages, write


def warnings(root: Path, *, label: str, core: str) -> tuple[str, ...]:
    packages(root, {"api": ["label"], "label": ["middle"], "middle": ["core"], "core": []})
    write(root, {"packages/label/requirements.lock": label, "packages/core/requirements.lock": core})
    context = BaseGraph.from_workspace(root).declarations["label"].context
    assert not callable(context)
    return context.warnings


def test_another_version_far_below_is_named(tmp_path: Path) -> None:
    assert warnings(
        tmp_path, label="Attrs==2 --hash=sha256:1\n", core="attrs==1 \\\n    --hash=sha256:1\n"
    ) == (
        "base image 'label' has attrs==2 of 'label' over attrs==1 of 'core', whose metadata stays; lock both together",
    )


@pytest.mark.parametrize(
    ("label", "core"),
    [
        ("attrs==1 --hash=sha256:1\n", "attrs==1 --hash=sha256:1\n"),
        ("attrs==2 --hash=sha256:1\n", "boto3==1 --hash=sha256:1\n"),
        ("attrs==2 ; python_version < '3.12' --hash=sha256:1\n", "attrs==1 --hash=sha256:1\n"),
    ],
)
def test_what_goes_together_is_not(tmp_path: Path, label: str, core: str) -> None:
    assert warnings(tmp_path, label=label, core=core) == ()


def test_two_needs_that_bring_two_versions_are_named_where_they_meet(tmp_path: Path) -> None:
    packages(
        tmp_path, {"api": ["top"], "top": ["label"], "label": ["left", "right"], "left": [], "right": []}
    )
    for number, name in enumerate(("left", "right")):
        write(tmp_path, {f"packages/{name}/requirements.lock": f"attrs=={number} --hash=sha256:1\n"})
    declarations = BaseGraph.from_workspace(tmp_path).declarations
    found = {name: getattr(declaration.context, "warnings", ()) for name, declaration in declarations.items()}
    assert found.pop("label") == (
        "base image 'label' has attrs==1 of 'right' over attrs==0 of 'left', whose metadata stays; lock both together",
    )
    assert set(found.values()) == {()}
