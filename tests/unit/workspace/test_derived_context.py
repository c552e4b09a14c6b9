"""The context of a derived base holds requirements and source, and nothing that rebuilds it for no reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from scoped_images.bases.derive import derive_bases
from scoped_images.bases.derived_base import DOCKERFILE
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.workspace import Workspace
from tests.unit.workspace.repository import project, write

LABEL = {
    "label/pyproject.toml": project("my-label", ["boto3"]),
    "label/requirements.lock": "boto3==1.43.0 --hash=sha256:1\n",
    "label/src/my_label/__init__.py": "A = 1\n",
    "label/src/my_label/py.typed": "",
    "api/pyproject.toml": project("api", ["my-label"]),
}


def context(root: Path, dockerfile: Path | None = None, name: str = "my-label") -> ScopedContext:
    (base,) = [base for base in derive_bases(Workspace.read(root)) if base.name == name]
    return base.context(dockerfile)


def source(root: Path) -> list[str]:
    return [file.path for file in context(root).named["source"].files if file.kind != "directory"]


def layout(root: Path, files: Mapping[str, str], more: str = "") -> list[str]:
    write(root, {"api/pyproject.toml": project("api", ["my-label"])})
    write(root, {"label/pyproject.toml": project("my-label", more=more)})
    write(root, {f"label/{path}": text for path, text in files.items()})
    return source(root)


def test_it_holds_requirements_and_source(tmp_path: Path) -> None:
    found = context(write(tmp_path, LABEL))
    assert found.files == ()
    assert found.generated == {"requirements.txt": b"--require-hashes\nboto3==1.43.0 --hash=sha256:1\n"}
    assert source(tmp_path) == ["my_label/__init__.py", "my_label/py.typed"]
    files = ("label/requirements.lock", "api/pyproject.toml", "label/pyproject.toml")
    assert found.generated_from == tuple(tmp_path / file for file in files)
    assert found.dockerfile == DOCKERFILE


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("label/README.md", "# more\n"),
        ("label/tests/test_label.py", ""),
        ("label/pyproject.toml", project("my-label", ["boto3"], more="[tool.ruff]\nline-length = 90\n")),
        ("label/src/my_label/__pycache__/x.pyc", ""),
        ("label/src/my_label.egg-info/PKG-INFO", ""),
        ("other/pyproject.toml", project("other")),
        ("api/handler.py", ""),
    ],
)
def test_what_no_image_takes_changes_nothing(tmp_path: Path, path: str, text: str) -> None:
    before = context(write(tmp_path, LABEL)).fingerprint
    assert context(write(tmp_path, {path: text})).fingerprint == before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("label/src/my_label/__init__.py", "A = 2\n"),
        ("label/src/my_label/new.py", ""),
        ("label/requirements.lock", "boto3==1.44.0 --hash=sha256:1\n"),
    ],
)
def test_what_the_image_takes_changes_it(tmp_path: Path, path: str, text: str) -> None:
    before = context(write(tmp_path, LABEL)).fingerprint
    assert context(write(tmp_path, {path: text})).fingerprint != before


def test_warnings_of_the_requirements_are_its_own(tmp_path: Path) -> None:
    write(tmp_path, LABEL)
    (tmp_path / "label/requirements.lock").unlink()
    assert [warning[:36] for warning in context(tmp_path).warnings] == [
        "base image 'my-label': no lock file,"
    ]


def test_further_bases_are_copied_before_its_own_files(tmp_path: Path) -> None:
    needs = ["big", "small", "tiny"]
    write(tmp_path, LABEL)
    write(tmp_path, {"label/pyproject.toml": project("my-label", ["boto3", *needs])})
    write(tmp_path, {f"{name}/pyproject.toml": project(name) for name in (*needs, "core")})
    write(tmp_path, {"big/pyproject.toml": project("big", ["core"])})
    text = context(tmp_path).dockerfile_bytes.decode()
    copies = [line for line in text.splitlines() if line.startswith("COPY --from=base-")]
    assert copies == [
        "COPY --from=base-small ${LAMBDA_TASK_ROOT}/ ${LAMBDA_TASK_ROOT}/",
        "COPY --from=base-tiny ${LAMBDA_TASK_ROOT}/ ${LAMBDA_TASK_ROOT}/",
    ]
    assert (
        text.index("\nFROM")
        < text.index(copies[0])
        < text.index("\nRUN")
        < text.index("COPY --chmod=755 --from=source")
    )


def test_a_dockerfile_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, LABEL | {"base.Dockerfile": "FROM scratch\nCOPY --from=source . /\n"})
    found = context(tmp_path, tmp_path / "base.Dockerfile")
    assert found.dockerfile_bytes == b"FROM scratch\nCOPY --from=source . /\n"
    assert found.dockerfile == tmp_path / "base.Dockerfile"


def test_the_librarys_dockerfile_builds_by_hand_too() -> None:
    text = DOCKERFILE.read_text()
    assert "\nARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13\nFROM ${BASE_IMAGE_URI}\n" in text
    assert "# syntax" not in text


def test_a_flat_layout_gives_the_folder_of_its_import_name(tmp_path: Path) -> None:
    files = {"my_label/a.py": "", "my_label/deep/b.py": "", "tests/c.py": "", "setup.py": ""}
    assert layout(tmp_path, files) == ["my_label/a.py", "my_label/deep/b.py"]


def test_a_single_module_is_a_layout_too(tmp_path: Path) -> None:
    assert layout(tmp_path, {"my_label.py": "", "other.py": ""}) == ["my_label.py"]


def test_poetry_says_what_its_packages_are(tmp_path: Path) -> None:
    more = '[tool.poetry]\npackages = [{ include = "one", from = "lib" }, { include = "two.py", from = "lib" }]\n'
    files = {"lib/one/a.py": "", "lib/two.py": "", "lib/three.py": "", "src/no.py": ""}
    assert layout(tmp_path, files, more) == ["one/a.py", "two.py"]


@pytest.mark.parametrize(
    "more",
    [
        '[tool.setuptools.packages.find]\nwhere = ["python"]\n',
        '[tool.setuptools]\npackage-dir = { "" = "python" }\n',
    ],
)
def test_setuptools_says_where_its_packages_are(tmp_path: Path, more: str) -> None:
    assert layout(tmp_path, {"python/one/a.py": "", "src/no.py": ""}, more) == ["one/a.py"]


@pytest.mark.parametrize(
    "more",
    [
        '[tool.hatch.build.targets.wheel]\npackages = ["python/acme"]\n',
        '[tool.uv.build-backend]\nmodule-name = "acme"\nmodule-root = "python"\n',
        '[tool.uv.build-backend]\nmodule-name = ["acme.one", "acme.two"]\nmodule-root = "python"\n',
        '[tool.setuptools]\npackages = ["acme.one", "acme.two"]\npackage-dir = { "" = "python" }\n',
    ],
    ids=["hatch", "uv", "uv, several", "setuptools"],
)
def test_an_import_name_of_its_own_is_found_where_the_build_backend_is_told(
    tmp_path: Path, more: str
) -> None:
    files = {
        "python/acme/one/a.py": "",
        "python/acme/two/deep/b.py": "",
        "python/other/c.py": "",
        "src/no.py": "",
    }
    assert layout(tmp_path, files, more) == ["acme/one/a.py", "acme/two/deep/b.py"]


def test_packages_and_modules_that_setuptools_is_told_of(tmp_path: Path) -> None:
    more = '[tool.setuptools]\npackages = ["acme", "acme.deep"]\npy-modules = ["one"]\n'
    files = {"acme/a.py": "", "acme/deep/b.py": "", "one.py": "", "two.py": ""}
    assert layout(tmp_path, files, more) == ["acme/a.py", "acme/deep/b.py", "one.py"]


def test_uv_looks_into_src_for_the_name_that_it_is_told(tmp_path: Path) -> None:
    more = '[tool.uv.build-backend]\nmodule-name = "acme"\n'
    assert layout(tmp_path, {"src/acme/a.py": "", "src/other/b.py": ""}, more) == ["acme/a.py"]


def test_a_folder_src_of_another_language_is_not_the_source(tmp_path: Path) -> None:
    assert layout(tmp_path, {"my_label/a.py": "", "src/lib.rs": ""}) == ["my_label/a.py"]


def test_what_tools_and_branches_leave_behind_is_no_source(tmp_path: Path) -> None:
    write(tmp_path, LABEL)
    source = tmp_path / "label/src"
    before = context(tmp_path).fingerprint
    (source / "gone/below").mkdir(parents=True)
    write(source, {".mypy_cache/a.json": "", "my_label/.DS_Store": "", "gone/__pycache__/a.pyc": ""})
    assert context(tmp_path).fingerprint == before


def test_the_packages_own_ignore_file_leaves_out_and_brings_back(tmp_path: Path) -> None:
    files = {
        ".dockerignore": "**/fixtures\n!**/*.pyc\n",
        "src/my_label/a.py": "",
        "src/my_label/fixtures/large.json": "",
        "src/my_label/b.pyc": "",
    }
    assert layout(tmp_path, files) == ["my_label/a.py", "my_label/b.pyc"]


@pytest.mark.parametrize(
    ("files", "more", "reason"),
    [
        ({"other/a.py": ""}, "", "ROOT/label has neither src/ nor my_label/ nor my_label.py"),
        (
            {"src/a.py": "", ".dockerignore": "*\n"},
            "",
            "ROOT/label/src has no file, or ROOT/label/.dockerignore excludes all of them",
        ),
        (
            {"a.py": ""},
            '[tool.setuptools.packages.find]\nwhere = ["lib"]\n',
            "ROOT/label/pyproject.toml names ROOT/label/lib, which does not exist",
        ),
        (
            {"one/a.py": ""},
            '[tool.poetry]\npackages = [{ include = "one", to = "other" }]\n',
            "ROOT/label/pyproject.toml has [tool.poetry] packages with several folders, patterns or `to`",
        ),
    ],
)
def test_a_source_that_is_not_found(tmp_path: Path, files: dict[str, str], more: str, reason: str) -> None:
    with pytest.raises(ScopedImagesError) as refused:
        layout(tmp_path, files, more)
    assert str(refused.value).replace(str(tmp_path), "ROOT") == (
        f"base image 'my-label': source not found: {reason}; declare its base by hand: "
        "BaseDeclaration(name='my-label', context=ScopedContext.of(…))"
    )


def test_a_link_out_of_the_source_is_refused(tmp_path: Path) -> None:
    write(tmp_path, LABEL | {"shared/data.json": ""})
    link = tmp_path / "label/src/my_label/data.json"
    link.symlink_to("../../../shared/data.json")
    with pytest.raises(ScopedImagesError) as refused:
        context(tmp_path)
    assert str(refused.value).replace(str(tmp_path), "ROOT") == (
        "base image 'my-label': source not found: ROOT/label/src/my_label/data.json is a link to "
        "ROOT/shared/data.json, which is outside of ROOT/label/src; declare its base by hand: "
        "BaseDeclaration(name='my-label', context=ScopedContext.of(…))"
    )
    link.unlink()
    link.symlink_to("py.typed")
    assert "my_label/data.json" in source(tmp_path)
