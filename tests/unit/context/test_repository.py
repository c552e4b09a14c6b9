"""The first rungs of the ladder take the whole repository, and tell what the next one saves."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.whole_repository import registry_cache_warning
from scoped_images.platform import Platform


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose Dockerfile reads 1000 of 31,000 bytes."""
    files = {"api/app.py": 1000, "data/large.bin": 30_000, "cdk.out/manifest.json": 500}
    for path, size in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x" * size)
    return tmp_path


def repository(root: Path, lines: str, name: str = "api/Dockerfile") -> ScopedContext:
    (root / name).write_text(f"FROM scratch\n{lines}\n")
    return ScopedContext.repository(root, name, platform=Platform.LINUX_AMD64)


def test_warns_with_the_bytes_that_a_scope_would_save(root: Path) -> None:
    context = repository(root, "COPY api/app.py /")
    assert context.warnings == (
        "api/Dockerfile: the context is the whole repository, 31.0 kB, of which the Dockerfile reads 1.0 kB. "
        "ScopedContext.from_dockerfile (rung 3) saves 30.0 kB, and rebuilds only for those files",
    )
    scoped = ScopedContext.from_dockerfile(root, "api/Dockerfile", platform=Platform.LINUX_AMD64)
    assert context.whole_repository is not None
    assert context.whole_repository.scoped_size == scoped.size


def test_says_why_a_scope_is_not_possible_yet(root: Path) -> None:
    (warning,) = repository(root, "ARG PART\nCOPY $PART /").warnings
    assert "ScopedContext.from_dockerfile (rung 3) cannot replace it yet: api/Dockerfile:3" in warning


def test_a_dockerfile_that_reads_everything_is_a_warning_to_narrow_its_lines(root: Path) -> None:
    (root / ".dockerignore").write_text("cdk.out\n")
    (warning,) = repository(root, "COPY . /").warnings
    assert warning.endswith(
        "and the Dockerfile reads all of it: narrow its COPY lines before rung 3 saves anything"
    )


def test_builds_the_same_files_as_from_dockerfile(root: Path) -> None:
    """What the Dockerfile reads is in the whole repository with the same identity."""
    whole = repository(root, "COPY api /api")
    scoped = ScopedContext.from_dockerfile(root, "api/Dockerfile", platform=Platform.LINUX_AMD64)
    assert {file.identity() for file in scoped.files} <= {file.identity() for file in whole.files}


def test_without_a_registry_cache_a_warning_names_the_second_rung(root: Path) -> None:
    context = repository(root, "COPY api/app.py /")
    assert registry_cache_warning(context.whole_repository, has_cache=False) == (
        "api/Dockerfile: the whole repository, 31.0 kB, is built without a registry cache (rung 1): each machine runs "
        "every step anew. With repository=, the build keeps its cache there (rung 2)"
    )
    assert registry_cache_warning(context.whole_repository, has_cache=True) is None


def test_a_scoped_context_has_nothing_to_gain(root: Path) -> None:
    (root / "api/Dockerfile").write_text("FROM scratch\nCOPY api /api\n")
    scoped = ScopedContext.from_dockerfile(root, "api/Dockerfile", platform=Platform.LINUX_AMD64)
    assert registry_cache_warning(scoped.whole_repository, has_cache=False) is None
