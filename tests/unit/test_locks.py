"""Every dependency is locked with hashes, and no lock file says where to download it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split("\0")
PYTHON_LOCKS = [
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-checks.txt",
    "requirements-bench.txt",
]
NPM_LOCKS = [name for name in TRACKED if name.endswith("package-lock.json")]


def declared(name: str) -> set[Requirement]:
    """The requirements of a file, and of those that it includes."""
    path = ROOT / name
    found = set()
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            found |= declared(str((path.parent / line[3:]).relative_to(ROOT)))
        elif line and not line.startswith("#"):
            found.add(Requirement(line.partition(" #")[0]))
    return found


def locked(name: str) -> dict[str, list[Requirement]]:
    """The requirements of a lock file by name; one name may have a line for each marker."""
    lines = re.sub(r"\\\n\s+", " ", (ROOT / name).read_text()).splitlines()
    found: dict[str, list[Requirement]] = {}
    for line in lines:
        if not line.startswith("#"):
            requirement, *hashes = line.split(" --hash=sha256:")
            assert hashes, f"{name}: {requirement} has no hash"
            parsed = Requirement(requirement)
            found.setdefault(parsed.name, []).append(parsed)
    return found


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_a_lock_holds_each_declared_version_with_hashes(name: str) -> None:
    lock = locked(name)
    stale = [
        str(requirement)
        for requirement in declared(name.replace(".txt", ".in"))
        if requirement.specifier not in [entry.specifier for entry in lock.get(requirement.name, [])]
    ]
    assert stale == [], "run make lock"


def test_the_app_and_its_tests_run_on_the_same_versions() -> None:
    versions, of_tests = (
        {name: {entry.specifier for entry in entries} for name, entries in locked(lock).items()}
        for lock in ("requirements.txt", "requirements-dev.txt")
    )
    assert {name: of_tests[name] for name in versions} == versions


@pytest.mark.parametrize("name", NPM_LOCKS)
def test_an_npm_lock_holds_each_declared_version_with_its_integrity(name: str) -> None:
    packages = json.loads((ROOT / name).read_text())["packages"]
    declared = json.loads((ROOT / name).with_name("package.json").read_text())["dependencies"]
    assert packages.pop("")["dependencies"] == declared
    assert {key: packages[f"node_modules/{key}"]["version"] for key in declared} == declared
    assert [key for key, package in packages.items() if "integrity" not in package] == []


@pytest.mark.parametrize("name", [*PYTHON_LOCKS, *NPM_LOCKS])
def test_a_lock_names_no_registry(name: str) -> None:
    """Each machine has its own mirror or proxy; npm would use the recorded address instead."""
    text = (ROOT / name).read_text()
    if name in NPM_LOCKS:
        packages = json.loads(text)["packages"].values()
        # Where to donate is not where to download.
        text = json.dumps([{**package, "funding": None} for package in packages])
    assert re.findall(r"https?://[^\s\"]*|\"resolved\"", text) == []
