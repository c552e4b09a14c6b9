"""Where a Dockerfile may be, and how its path may be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.platform import Platform
from tests.refusals import refused
from tests.unit.context.followed import find, make_repository, refusal


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "root")


@pytest.mark.parametrize(
    "dockerfile",
    ["Dockerfile", "./Dockerfile", "../root/Dockerfile", "{root}/Dockerfile", "{link}/Dockerfile"],
)
def test_a_dockerfile_inside_the_root_is_found_however_it_is_written(root: Path, dockerfile: str) -> None:
    link = root.parent / "link"
    link.symlink_to("root")
    context = find(root, dockerfile=dockerfile.format(root=root, link=link))
    assert context.dockerfile == root / "Dockerfile"
    assert [file.path for file in context.files] == ["app", "app/main.py"]


def test_a_dockerfile_that_is_reached_through_a_link_gives_the_same_fingerprint(root: Path) -> None:
    """As `/tmp` does on macOS."""
    (root.parent / "link").symlink_to("root")
    linked = ScopedContext.of(root.parent / "link", dockerfile=root.parent / "link" / "Dockerfile")
    assert linked.fingerprint == ScopedContext.of(root).fingerprint


def test_a_root_written_with_dots_is_the_same_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dockerfile that is a link keeps its own ignore file, from wherever it is looked at."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "api.Dockerfile").write_text("FROM scratch\nCOPY a* b* /\n")
    (tmp_path / "docker" / "api.Dockerfile.dockerignore").write_text("a\n")
    (tmp_path / "Dockerfile").symlink_to("docker/api.Dockerfile")
    (tmp_path / "Dockerfile.dockerignore").write_text("b\n")
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    straight = ScopedContext.from_dockerfile(tmp_path, platform="linux/amd64")
    monkeypatch.chdir(tmp_path / "infra")
    dotted = ScopedContext.from_dockerfile("..", platform="linux/amd64")
    assert [file.path for file in straight.files] == ["a"]
    assert dotted.fingerprint == straight.fingerprint


def test_a_dockerfile_outside_of_the_root_reads_the_root_and_has_its_own_ignore_file(root: Path) -> None:
    """As `docker build -f ../docker/py.Dockerfile .` does."""
    docker = root.parent / "docker"
    docker.mkdir()
    (docker / "py.Dockerfile").write_text("FROM scratch\nCOPY app /app\nCOPY gone* /\n")
    (docker / "py.Dockerfile.dockerignore").write_text("app/ignored\n")
    (root / "app" / "ignored").touch()
    context = ScopedContext.from_dockerfile(root, "../docker/py.Dockerfile", platform="linux/amd64")
    assert [file.path for file in context.files] == ["app", "app/main.py"]
    assert context.warnings == ("../docker/py.Dockerfile:3: COPY source 'gone*' matches nothing",)
    context.write(root.parent / "out")
    assert (root.parent / "out" / "Dockerfile").read_bytes() == (docker / "py.Dockerfile").read_bytes()


@pytest.mark.parametrize("way", [ScopedContext.of, ScopedContext.from_dockerfile, ScopedContext.repository])
def test_a_lower_case_dockerfile_stands_in_for_a_missing_one(way: Any, root: Path) -> None:
    options = {} if way == ScopedContext.of else {"platform": "linux/amd64"}
    (root / "dockerfile").write_text("FROM scratch\n")
    assert way(root, **options).dockerfile == root / "Dockerfile"
    (root / "Dockerfile").unlink()
    assert way(root, **options).dockerfile == root / "dockerfile"


def test_for_a_source_beside_the_dockerfile_its_folder_is_proposed_as_root(root: Path) -> None:
    (root / "service").mkdir()
    (root / "service" / "main.py").touch()
    (root / "service" / "Dockerfile").write_text("FROM scratch\nCOPY main.py /\n")
    assert refusal(root, dockerfile="service/Dockerfile") == (
        f"service/Dockerfile:2: COPY source 'main.py' does not exist: there is no {root}/main.py; did you mean "
        f"root='{root}/service'?"
    )


WAYS = [
    lambda root: ScopedContext.from_dockerfile(root, platform=Platform.LINUX_AMD64),
    ScopedContext.of,
    lambda root: ScopedContext.repository(root, platform=Platform.LINUX_AMD64),
]


@pytest.mark.parametrize("way", WAYS, ids=["from_dockerfile", "of", "repository"])
def test_a_dockerfile_that_links_out_of_the_root_is_refused_unread(
    way: Callable[[Path], ScopedContext], tmp_path: Path
) -> None:
    """Its first word would stand in an error, and its bytes in the cloud assembly."""
    (tmp_path / "credentials").write_text("hunter2 is the password\n")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "Dockerfile").symlink_to("../credentials")
    with refused(
        f"dockerfile: {tmp_path}/root/Dockerfile is a link to {tmp_path}/credentials, which is outside of "
        f"{tmp_path}/root; pass that file as dockerfile=, or replace the link with a copy"
    ):
        way(tmp_path / "root")


def test_a_dockerfile_outside_of_the_root_may_be_a_link_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "one.Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "docker" / "other.Dockerfile").symlink_to("one.Dockerfile")
    context = ScopedContext.of(tmp_path / "root", dockerfile=tmp_path / "docker" / "other.Dockerfile")
    assert context.dockerfile_bytes == b"FROM scratch\n"


def test_a_path_in_windows_spelling_is_explained(tmp_path: Path) -> None:
    """A backslash is part of a name here."""
    (tmp_path / "lambdas" / "upload").mkdir(parents=True)
    (tmp_path / "lambdas" / "upload" / "Dockerfile").write_text("FROM scratch\n")
    with refused(
        f"build context: directory {str(tmp_path) + '/lambdas' + chr(92) + 'upload'!r} does not exist or is not a "
        "folder; write it with forward slashes"
    ):
        ScopedContext.of(f"{tmp_path}/lambdas\\upload")
    with refused(
        f"build context: cannot read Dockerfile {tmp_path}/lambdas\\upload\\Dockerfile: No such file or directory; write "
        "it with forward slashes"
    ):
        ScopedContext.from_dockerfile(tmp_path, "lambdas\\upload\\Dockerfile", platform=Platform.LINUX_AMD64)
