"""A context that takes the files that Python writes when it imports a module has one warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.platform import Platform
from tests.unit.context.ways import WAYS, Way, found_by

WRITTEN = (
    " is in the build context: Python writes such files when it imports a module, so the image's tag differs between "
    "machines; write "
)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """The folder of a workload, with a package that a test run has imported."""
    root = tmp_path / "upload"
    for name in ("pkg/a.py", "pkg/__pycache__/a.cpython-313.pyc", "pkg/sub/__pycache__/b.cpython-313.pyc"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "Dockerfile").write_text("FROM scratch\nCOPY --link pkg/ /pkg/\n")
    return root


def warnings(context: ScopedContext) -> list[str]:
    return [each for each in context.warnings if "Python" in each]


@pytest.mark.parametrize("way", WAYS)
def test_the_warning_names_one_file_and_the_rule_that_leaves_all_out(way: Way, upload: Path) -> None:
    expected = f"pkg/__pycache__/a.cpython-313.pyc{WRITTEN}**/__pycache__ into upload/.dockerignore"
    assert warnings(way(upload)) == [expected]
    (upload / ".dockerignore").write_text("**/__pycache__\n")
    assert warnings(way(upload)) == []


def test_the_ignore_file_of_the_dockerfile_is_named_where_it_is_in_effect(upload: Path) -> None:
    """It replaces the `.dockerignore`, whose rules would change nothing."""
    (upload / ".dockerignore").write_text("**/__pycache__\n")
    (upload / "Dockerfile.dockerignore").write_text("docs\n")
    (warning,) = warnings(found_by(upload))
    assert warning.endswith("; write **/__pycache__ into Dockerfile.dockerignore")


def test_a_compiled_file_beside_its_module_has_a_rule_of_its_own(upload: Path) -> None:
    (upload / "pkg" / "a.pyc").touch()
    (warning,) = warnings(found_by(upload))
    assert warning.endswith("; write **/__pycache__ and **/*.pyc into upload/.dockerignore")
    (upload / ".dockerignore").write_text("**/__pycache__\n**/*.pyc\n")
    assert warnings(found_by(upload)) == []


def test_a_named_context_has_a_warning_and_an_ignore_file_of_its_own(upload: Path) -> None:
    (upload / "Dockerfile").write_text("FROM scratch\nCOPY --from=shared . /\n")
    context = ScopedContext.from_dockerfile(
        upload, platform=Platform.LINUX_AMD64, build_contexts={"shared": upload / "pkg"}
    )
    assert warnings(context) == [
        f"build_contexts['shared']: __pycache__/a.cpython-313.pyc{WRITTEN}**/__pycache__ into pkg/.dockerignore"
    ]


def test_the_folder_that_python_makes_is_no_file_and_a_similar_name_is_another(upload: Path) -> None:
    for file in upload.rglob("*.pyc"):
        file.unlink()
    for name in ("my__pycache__", "a.pyc.txt"):
        (upload / "pkg" / name).touch()
    assert warnings(found_by(upload)) == []
