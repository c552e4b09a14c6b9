"""What the generated programs do in the folder of a package, run by a shell."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from scoped_images.bases.install_scripts import PackageBuild, install_packages

# Does what pip would not: keeps pyproject.toml as its build backend would read it.
PYTHON = """\
#!/bin/sh
case "$*" in
    *" wheel "*) cp pyproject.toml "$READ" ;;
    *" install "*) ;;
    *) exec {python} "$@" ;;
esac
"""


def read_by_the_backend(
    root: Path, moved: Mapping[str, tuple[str, ...]], pyproject: str
) -> dict[str, object]:
    """Run install-packages for the package `lib`, and return the pyproject.toml that its build backend finds."""
    package, programs = root / "lib", root / "bin"
    package.mkdir()
    programs.mkdir()
    (package / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    for path, parts in moved.items():
        for part in (*parts, "other"):
            (package / path / part).mkdir(parents=True)
            (package / path / part / "module.py").touch()
    # The program removes the wheels that it installed; there are none here.
    for name, text in {"python3": PYTHON.format(python=sys.executable), "rm": "#!/bin/sh\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (root / "install").write_bytes(install_packages([PackageBuild(folder="lib", moved=moved)]))
    variables = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "READ": str(root / "read.toml")}
    subprocess.run(
        ["sh", root / "install", root, root / "installed"], env={**os.environ, **variables}, check=True
    )
    for number, parts in enumerate(moved.values()):
        inside = package / f"scoped-images-{number}"
        assert {str(path.relative_to(inside).parent) for path in inside.rglob("module.py")} == {*parts}
    return tomllib.loads((root / "read.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("path", ["../common", "../a|b", "../a[1]&b", "../a*", "../größe", "../it s"])
def test_a_path_outside_of_the_package_is_replaced_as_it_is_written(
    tmp_path: Path, path: str, quote: str
) -> None:
    pyproject = f"[tool.poetry]\npackages = [{{include = 'common', from = {quote}{path}{quote}}}]\n"
    read = read_by_the_backend(tmp_path, {path: ("common",)}, pyproject)
    assert read == {"tool": {"poetry": {"packages": [{"include": "common", "from": "scoped-images-0"}]}}}


def test_only_what_is_included_is_taken_from_a_folder_that_holds_the_package(tmp_path: Path) -> None:
    """Another key with the folder's path means something else."""
    pyproject = 'packages = [{ include = "acme/part", from = ".." }]\ndependencies.all = { path = ".." }\n'
    read = read_by_the_backend(tmp_path, {"..": ("acme/part",)}, pyproject)
    assert read == {
        "packages": [{"include": "acme/part", "from": "scoped-images-0"}],
        "dependencies": {"all": {"path": ".."}},
    }


def test_a_longer_path_is_another_one(tmp_path: Path) -> None:
    pyproject = '[tool.poetry]\npackages = [{from = "../a"}, {from = "../a/b"}]\n'
    read = read_by_the_backend(tmp_path, {"../a": ("one",), "../a/b": ("two", "three/four")}, pyproject)
    assert read == {
        "tool": {"poetry": {"packages": [{"from": "scoped-images-0"}, {"from": "scoped-images-1"}]}}
    }
