"""The build context of a derived base holds what its package's build backend reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scoped_images.bases.derived_base import DOCKERFILE
from tests.refusals import refused
from tests.unit.workspace.label import LABEL, context, label_files, source
from tests.unit.workspace.repository import project, write


def test_it_holds_requirements_and_the_package(tmp_path: Path) -> None:
    found = context(write(tmp_path, LABEL))
    assert found.files == ()
    assert sorted(found.generated) == [
        "build-constraints.txt",
        "install-packages",
        "install-requirements",
        "requirements.txt",
    ]
    assert found.generated["requirements.txt"] == b"--require-hashes\nboto3==1.43.0 --hash=sha256:1\n"
    assert source(tmp_path) == [
        "label/pyproject.toml",
        "label/src/my_label/__init__.py",
        "label/src/my_label/py.typed",
    ]
    files = ("label/requirements.lock", "api/pyproject.toml", "label/pyproject.toml")
    assert found.generated_from == tuple(tmp_path / file for file in files)
    assert found.dockerfile == DOCKERFILE


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("label/README.md", "# more\n"),
        ("label/CHANGELOG.md", "# more\n"),
        ("label/tests/test_label.py", ""),
        ("label/docs/index.md", ""),
        ("label/Dockerfile", "FROM scratch\n"),
        ("label/.env", "SECRET=1\n"),
        ("label/build/lib/my_label/__init__.py", ""),
        ("label/dist/my_label-0.1.0.whl", ""),
        ("label/src/my_label/__pycache__/x.pyc", ""),
        ("label/src/my_label/fast.cpython-313-x86_64-linux-gnu.so", ""),
        ("label/src/my_label.egg-info/PKG-INFO", ""),
        ("label/src/my_label/__init__.py~", ""),
        ("label/src/my_label/.__init__.py.swp", ""),
        ("label/src/my_label/.#__init__.py", ""),
        ("label/src/my_label/#__init__.py#", ""),
        ("label/env/pyvenv.cfg", ""),
        ("other/pyproject.toml", project("other")),
        ("api/handler.py", ""),
    ],
)
def test_what_no_build_reads_changes_nothing(tmp_path: Path, path: str, text: str) -> None:
    before = context(write(tmp_path, LABEL)).fingerprint
    assert context(write(tmp_path, {path: text})).fingerprint == before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("label/src/my_label/__init__.py", "A = 2\n"),
        ("label/src/my_label/new.py", ""),
        ("label/src/my_label/build/__init__.py", ""),
        ("label/src/my_label/tests/data.json", ""),
        ("label/setup.py", "import setuptools; setuptools.setup()\n"),
        ("label/MANIFEST.in", "graft src\n"),
        ("label/LICENSE", "Anyone may use it.\n"),
        ("label/requirements.lock", "boto3==1.44.0 --hash=sha256:1\n"),
    ],
)
def test_what_a_build_reads_changes_it(tmp_path: Path, path: str, text: str) -> None:
    before = context(write(tmp_path, LABEL)).fingerprint
    assert context(write(tmp_path, {path: text})).fingerprint != before


def test_files_that_git_ignores_change_nothing_unless_it_tracks_them(tmp_path: Path) -> None:
    write(
        tmp_path, LABEL | {"label/src/my_label/lib/tracked.py": "", ".gitignore": "lib/\n_version.py\nout/\n"}
    )
    git = ("git", "-C", str(tmp_path))
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "--force", "."], check=True)
    before = context(tmp_path).fingerprint
    write(
        tmp_path,
        {"label/src/my_label/_version.py": "", "label/out/[a]*/x": "", "label/src/my_label/lib/new": ""},
    )
    assert context(tmp_path).fingerprint == before
    assert "label/src/my_label/lib/tracked.py" in source(tmp_path)


DATA = "src/my_label/data/rates.csv"
PACKAGE_DATA = '[tool.setuptools.package-data]\nmy_label = ["data/*.csv", "*.so", "cache/*"]\n'


@pytest.mark.parametrize(
    ("more", "files", "lacks"),
    [
        (PACKAGE_DATA, [DATA], DATA),
        (PACKAGE_DATA, [DATA, DATA.replace("rates", "taxes")], f"{DATA} (and 1 more)"),
        ('[tool.hatch.build.targets.wheel]\nartifacts = ["/src/my_label/data/*.csv"]\n', [DATA], DATA),
        ('[tool.poetry]\ninclude = [{ path = "src/my_label/data/rates.csv" }]\n', [DATA], DATA),
        ('[tool.setuptools.package-data]\n"*" = ["*.json"]\n"" = [""]\n', [DATA], ""),
        (PACKAGE_DATA, [DATA, ".dockerignore"], ""),
        (PACKAGE_DATA, [DATA, "setup.py"], ""),
        (PACKAGE_DATA, ["src/my_label/fast.so", "src/my_label/notes.txt"], ""),
        (PACKAGE_DATA, ["src/my_label/cache/__pycache__/a.pyc", "src/my_label/cache/.DS_Store"], ""),
        (f"{PACKAGE_DATA}[tool.hatch.build.hooks.custom]\npath = 'build.py'\n", [DATA], ""),
    ],
)
def test_a_file_that_git_ignores_is_warned_of_if_the_settings_name_it_as_data(
    tmp_path: Path, more: str, files: list[str], lacks: str
) -> None:
    write(tmp_path, LABEL | {"label/pyproject.toml": project("my-label", ["boto3"], more=more)})
    write(tmp_path, {".gitignore": "*.csv\n*.so\ncache/\nnotes.txt\n"})
    write(tmp_path / "label", dict.fromkeys(files, f"!{DATA}\n"))
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    folder, (first, _, _) = tmp_path / "label", lacks.partition(" ")
    warning = (
        f"base image 'my-label': git ignores {folder}/{lacks}, which {folder}/pyproject.toml names as data, so the base "
        f"lacks it; let git track it, or add '!{first}' to {folder}/.dockerignore"
    )
    assert context(tmp_path).warnings == ((warning,) if lacks else ())


@pytest.mark.parametrize(
    "more",
    [
        '[tool.setuptools_scm]\nversion_file = "src/my_label/_version.py"\n',
        '[tool.hatch.build.hooks.vcs]\nversion-file = "src/my_label/_version.py"\n',
    ],
)
def test_a_generated_version_file_is_left_out_without_git_too(tmp_path: Path, more: str) -> None:
    files = {"src/my_label/_version.py": "version = '1.dev3'\n", "src/my_label/a.py": ""}
    assert label_files(tmp_path, files, more) == ["src/my_label/a.py"]


def test_a_build_file_that_names_a_document_takes_it_along(tmp_path: Path) -> None:
    more = (
        '[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.txt"] }\n'
        '[tool.setuptools.packages.find]\ninclude = ["examples", "lib*"]\n'
    )
    files = {
        "README.md": "",
        "setup.cfg": "[metadata]\nlong_description = file: README.md\n",
        "requirements.txt": "",
        "requirements-dev.txt": "",
        "examples/__init__.py": "",
        "tests/__init__.py": "",
        "lib/__init__.py": "",
        "lib_extra/__init__.py": "",
    }
    assert label_files(tmp_path, files, more) == [
        "README.md",
        "examples/__init__.py",
        "lib/__init__.py",
        "lib_extra/__init__.py",
        "requirements.txt",
        "setup.cfg",
    ]


@pytest.mark.parametrize(("folder", "include"), [("../parts", "acme"), ("..", "parts/acme/**/*.py")])
def test_what_poetry_includes_from_another_folder_of_the_repository_is_taken_along(
    tmp_path: Path, folder: str, include: str
) -> None:
    included = f'{{ include = "{include}", from = "{folder}" }}'
    more = f'[tool.poetry]\npackages = [{included}, {{ include = "my_label" }}]\n'
    write(
        tmp_path,
        {"parts/acme/a.py": "", "parts/acme/__pycache__/a.pyc": "", "parts/other/b.py": "", "c.py": ""},
    )
    files = label_files(tmp_path, {"my_label/a.py": ""}, more)
    assert files == ["my_label/a.py", "parts/acme/a.py"]
    script = context(tmp_path).generated["install-packages"].decode()
    assert "cp -R ../parts/acme scoped-images-0/" in script


def test_a_rust_extension_is_taken_with_its_manifest_and_without_what_cargo_built(tmp_path: Path) -> None:
    files = {
        "Cargo.toml": "",
        "Cargo.lock": "",
        ".cargo/config.toml": "",
        "src/lib.rs": "",
        "python/my_label/__init__.py": "",
        "target/release/my_label.so": "",
    }
    more = '[build-system]\nrequires = ["maturin"]\n[tool.maturin]\npython-source = "python"\n'
    assert label_files(tmp_path, files, more) == [
        ".cargo/config.toml",
        "Cargo.lock",
        "Cargo.toml",
        "python/my_label/__init__.py",
        "src/lib.rs",
    ]


def test_a_package_in_the_folder_of_another_is_not_a_part_of_it(tmp_path: Path) -> None:
    files = {"src/my_label/a.py": "", "plugins/one/pyproject.toml": project("one"), "plugins/one/one.py": ""}
    assert label_files(tmp_path, files) == ["src/my_label/a.py"]


def test_folders_that_branches_leave_behind_are_no_source(tmp_path: Path) -> None:
    before = context(write(tmp_path, LABEL)).fingerprint
    (tmp_path / "label/src/gone/below").mkdir(parents=True)
    write(
        tmp_path / "label/src",
        {".mypy_cache/a.json": "", "my_label/.DS_Store": "", "gone/__pycache__/a.pyc": ""},
    )
    assert context(tmp_path).fingerprint == before


def test_the_packages_own_ignore_file_leaves_out_and_brings_back(tmp_path: Path) -> None:
    files = {
        ".dockerignore": "**/fixtures\n!**/*.pyc\n!tests\n",
        "src/my_label/a.py": "",
        "src/my_label/fixtures/large.json": "",
        "src/my_label/b.pyc": "",
        "tests/needed.py": "",
    }
    assert label_files(tmp_path, files) == ["src/my_label/a.py", "src/my_label/b.pyc", "tests/needed.py"]


def test_what_a_link_leads_to_is_taken_along(tmp_path: Path) -> None:
    write(tmp_path, LABEL | {"shared/data.json": "", "shared/more/a.txt": ""})
    (tmp_path / "label/src/my_label/data.json").symlink_to("../../../shared/data.json")
    (tmp_path / "label/src/my_label/more").symlink_to("../../../shared/more")
    assert {"shared/data.json", "shared/more/a.txt", "label/src/my_label/more"} <= set(source(tmp_path))


def test_a_link_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path / "root", LABEL)
    write(tmp_path, {"data.json": ""})
    (root / "label/src/my_label/data.json").symlink_to("../../../../data.json")
    with refused(
        f"base image 'my-label': {root}/label/src/my_label/data.json is a link to {tmp_path}/data.json, which is outside "
        f"of the root {root}; replace the link with a copy, or exclude it in the package's .dockerignore"
    ):
        context(root)
