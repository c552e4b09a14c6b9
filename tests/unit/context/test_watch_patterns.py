"""The patterns of `cdk watch` cover what synth has read, and not much more."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.watch_patterns import watch_patterns
from scoped_images.platform import Platform


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("FROM scratch\nCOPY . /\n" if name.endswith("Dockerfile") else name)


def of_dockerfile(root: Path, text: str, **options: dict[str, Path]) -> ScopedContext:
    (root / "Dockerfile").write_text(text)
    return ScopedContext.from_dockerfile(root, platform=Platform.LINUX_AMD64, **options)  # type: ignore[arg-type]


def test_a_folder_is_covered_with_all_below_it(tmp_path: Path) -> None:
    write(tmp_path, "services/api/Dockerfile", "services/api/src/main.py", "services/other/main.py")
    context = ScopedContext.of(tmp_path / "services" / "api")
    assert watch_patterns([context], [], folder=tmp_path) == ["services/api/**"]


def test_only_the_folders_that_a_dockerfile_reads_are_covered(tmp_path: Path) -> None:
    write(
        tmp_path, "packages/a/one.py", "packages/a/sub/two.py", "packages/b/three.py", "lock.txt", "other.txt"
    )
    context = of_dockerfile(tmp_path, "FROM scratch\nCOPY packages/a /a\nCOPY lock.txt /\n")
    assert watch_patterns([context], [], folder=tmp_path) == ["Dockerfile", "lock.txt", "packages/a/**"]


def test_a_named_context_is_covered(tmp_path: Path) -> None:
    write(tmp_path, "shared/one.py")
    context = of_dockerfile(
        tmp_path, "FROM scratch\nCOPY --from=shared . /\n", build_contexts={"shared": tmp_path / "shared"}
    )
    assert watch_patterns([context], [], folder=tmp_path) == ["Dockerfile", "shared/**"]


def test_what_lies_outside_of_the_folder_keeps_its_place(tmp_path: Path) -> None:
    write(tmp_path, "services/api/Dockerfile", "infra/app.py")
    context = ScopedContext.of(tmp_path / "services" / "api")
    found = watch_patterns([context], [str(tmp_path / "infra" / "app.py")], folder=tmp_path / "infra")
    assert found == ["../services/api/**", "app.py"]


@pytest.mark.parametrize(
    "installed",
    [
        ".venv/lib/python3.11/site-packages/boto3/__init__.py",
        "venv/lib/python3.11/site-packages/a.py",
        "../b.py",
    ],
)
def test_code_that_is_not_the_apps_is_left_out(installed: str, tmp_path: Path) -> None:
    modules = [tmp_path / "app.py", tmp_path / "stacks" / "api.py", tmp_path / installed]
    assert watch_patterns([], map(str, modules), folder=tmp_path) == ["app.py", "stacks/**"]


def test_a_name_is_no_pattern(tmp_path: Path) -> None:
    """The CLI turns backslashes into slashes, so that `?` is the closest."""
    modules = [tmp_path / "stacks [old]" / "{a}.py", tmp_path / "b*.py"]
    assert watch_patterns([], map(str, modules), folder=tmp_path) == ["b?.py", "stacks ?old?/**"]
