"""The commit of a derived base is that of its source, its lock file and what asks for it, found with a real git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scoped_images.bases.graph import BaseGraph
from scoped_images.context.commit import commit_of
from tests.unit.workspace.repository import packages, project, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one shared package, committed."""
    packages(tmp_path, {"api": ["dynamo"], "dynamo": ["boto3"]})
    write(tmp_path, {"packages/dynamo/requirements.lock": "boto3==1 --hash=sha256:1\n"})
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "t@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environment = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", *arguments], cwd=root, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")
    return git(root, "rev-parse", "HEAD")


def commit_of_base(root: Path) -> str | None:
    context = BaseGraph.from_workspace(root).declarations["dynamo"].context
    assert not callable(context)
    return commit_of(context)


def test_it_is_the_last_one_that_touched_what_the_image_holds(root: Path) -> None:
    first = git(root, "rev-parse", "HEAD")
    write(root, {"packages/dynamo/README.md": "more\n"})
    commit(root)
    assert commit_of_base(root) == first
    write(root, {"packages/dynamo/src/dynamo/new.py": ""})
    assert commit_of_base(root) is None
    second = commit(root)
    assert commit_of_base(root) == second
    write(root, {"packages/dynamo/requirements.lock": "boto3==2 --hash=sha256:1\n"})
    assert commit_of_base(root) is None
    assert commit(root) == commit_of_base(root)


def test_an_extra_that_another_package_asks_for_is_in_a_commit_too(root: Path) -> None:
    write(root, {"packages/dynamo/pyproject.toml": project("dynamo", ["boto3"], {"full": ["attrs"]})})
    lock = "".join(f"{name}==1 --hash=sha256:1\n" for name in ("boto3", "attrs"))
    write(root, {"packages/dynamo/requirements.lock": lock})
    first = commit(root)
    write(root, {"packages/other/pyproject.toml": project("other", ["six"])})
    assert commit_of_base(root) == first
    write(root, {"packages/api/pyproject.toml": project("api", ["dynamo[full]"])})
    assert commit_of_base(root) is None
    assert commit(root) == commit_of_base(root)
