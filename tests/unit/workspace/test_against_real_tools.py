"""A workload and its base have what `poetry export` and `pdm export` list for it.

Each folder of `recorded` has two projects, and the lock of Poetry 2.5.1 or PDM 2.22.4 (`pdm lock --group :all`) with one
file a package and without addresses. The texts beside them are what `poetry export --without-hashes [--extras events]`
and `pdm export --production --without-hashes [--group events]` printed, without the line of the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scoped_images.bases.graph import BaseGraph
from scoped_images.platform import Platform
from scoped_images.workspace.target import Target
from tests.unit.workspace.repository import write

RECORDED = Path(__file__).with_name("recorded")
# Of each tool: its lock, and where the projects are.
TOOLS = {
    "poetry": ("app/poetry.lock", "app", "core"),
    "poetry-project": ("app/poetry.lock", "app", "core"),
    "pdm": ("pdm.lock", ".", "core"),
}


def installed(text: str, target: Target) -> Iterator[str]:
    """Yield what pip installs of these requirements."""
    for line in text.splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.partition(" \\")[0])
            if target.may_hold(requirement.marker):
                yield f"{requirement.name}{requirement.specifier}"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("extra", ["", "events"])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_workload_and_its_base_have_what_its_tool_exports(
    tmp_path: Path, tool: str, extra: str, python: str
) -> None:
    lock, app, core = TOOLS[tool]
    recorded = {path.name: path.read_text() for path in (RECORDED / tool).iterdir()}
    files = {lock: recorded[Path(lock).name], f"{core}/pyproject.toml": recorded["core.toml"]}
    write(tmp_path, {**files, f"{app}/pyproject.toml": recorded["app.toml"]})
    write(tmp_path, {"asking/requirements.txt": f"../{app}[{extra}]\n"} if extra else {})
    target = Target(python, (Platform.LINUX_ARM64,))
    workloads = ["asking" if extra else "app"]
    graph = BaseGraph.from_workspace(tmp_path, workloads=workloads, python=python, platforms=target.platforms)
    found = graph.requirements_of("app").text
    for declaration in graph.declarations.values():
        assert declaration.derived is not None
        requirements = declaration.derived.requirements
        found += requirements.text
        assert (requirements.files, requirements.hashed) == ((tmp_path / lock,), True)
        package = declaration.derived.packages[0]
        assert requirements.version == (package.version if package.name == "core" else None)
    exported = recorded[f"export-{extra}.txt" if extra else "export.txt"]
    assert sorted(set(installed(found, target))) == sorted(installed(exported.replace("[http2]", ""), target))
