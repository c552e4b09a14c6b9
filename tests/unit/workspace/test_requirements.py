"""A base installs what a lock file says, where there is one, and tells where there is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoped_images.bases.derive import derive_bases
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.requirements import Requirements
from scoped_images.workspace.workspace import Workspace
from tests.unit.workspace.repository import project, write

HASH = "sha256:" + "0" * 64
UV_LOCK = f"""
version = 1
[[package]]
name = "label"
version = "0.1.0"
source = {{ editable = "label" }}
dependencies = [{{ name = "boto3" }}, {{ name = "dynamo" }}]
[[package]]
name = "dynamo"
version = "0.1.0"
source = {{ editable = "dynamo" }}
[[package]]
name = "boto3"
version = "1.43.0"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ hash = "{HASH}" }}]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The package label, which needs boto3, another package, and more with its extra."""
    return write(
        tmp_path,
        {
            "api/pyproject.toml": project("api", ["label"]),
            "label/pyproject.toml": project(
                "label", ["boto3>=1.43; python_version >= '3.9'", "dynamo"], {"full": ["numpy>=2"]}
            ),
            "dynamo/pyproject.toml": project("dynamo"),
        },
    )


def requirements(root: Path, *extras: str, name: str = "label") -> Requirements:
    write(root, {"api/pyproject.toml": project("api", [f"label[{','.join(extras)}]" if extras else "label"])})
    (base,) = [base for base in derive_bases(Workspace.read(root)) if base.name == name]
    return base.requirements


def refusal(root: Path, *extras: str) -> str:
    with pytest.raises(ScopedImagesError) as refused:
        requirements(root, *extras)
    return str(refused.value).replace(str(root), "ROOT")


def test_a_lock_file_of_the_package_is_taken_but_for_its_comments(root: Path) -> None:
    text = f"# made by pip-compile\nboto3==1.43.0 \\\n    --hash={HASH}\n    # via label\n"
    write(root, {"label/requirements.lock": text, "uv.lock": UV_LOCK})
    found = requirements(root)
    assert found.text == f"--require-hashes\nboto3==1.43.0 --hash={HASH}\n"
    assert found.files == (root / "label/requirements.lock",)
    assert found.hashed
    assert found.warnings == ()


def test_packages_of_the_workspace_are_dropped_from_it(root: Path) -> None:
    lock = "-e ./dynamo\n-e file:///elsewhere/dynamo\n./dynamo\nDynamo==0.1.0 \\\n    --hash=sha256:1\nboto3==1.43.0\n"
    write(root, {"label/requirements.lock": lock})
    assert requirements(root).text == "boto3==1.43.0\n"


def test_packages_of_the_workspace_are_dropped_as_poetry_exports_them(root: Path) -> None:
    marker = "python_version >= '3.11'"
    lock = f"dynamo @ file:///repo/dynamo ; {marker}\n-e file:///repo/dynamo ; {marker}\nboto3==1.43.0 ; {marker}\n"
    write(root, {"label/requirements.lock": lock})
    assert requirements(root).text == f"boto3==1.43.0 ; {marker}\n"


def test_without_hashes_there_is_a_warning(root: Path) -> None:
    write(root, {"label/requirements.lock": "boto3==1.43.0\n"})
    found = requirements(root)
    assert not found.hashed
    assert found.warnings == (
        "base image 'label': label/requirements.lock has no hashes, so two builds under one tag may install different "
        "versions; lock it with `uv lock`, or `pip-compile --generate-hashes --output-file=requirements.lock` beside "
        "its pyproject.toml",
    )


def test_a_lock_file_of_an_extra_is_put_with_it_and_each_package_is_named_once(root: Path) -> None:
    write(
        root,
        {
            "label/requirements.lock": "boto3==1.43.0 --hash=sha256:1\n",
            "label/requirements-full.lock": "boto3==1.43.0 --hash=sha256:1\nnumpy==2.0 --hash=sha256:2\n",
        },
    )
    assert requirements(root).text == "--require-hashes\nboto3==1.43.0 --hash=sha256:1\n"
    found = requirements(root, "full")
    assert found.text == "--require-hashes\nboto3==1.43.0 --hash=sha256:1\nnumpy==2.0 --hash=sha256:2\n"
    assert found.files == (root / "label/requirements.lock", root / "label/requirements-full.lock")


def test_an_extra_may_be_in_the_one_lock_file(root: Path) -> None:
    write(root, {"label/requirements.lock": "boto3==1.43.0\nnumpy==2.0\n"})
    assert requirements(root, "full").text == "boto3==1.43.0\nnumpy==2.0\n"


def test_an_extra_that_no_lock_file_has(root: Path) -> None:
    write(root, {"label/requirements.lock": "boto3==1.43.0\n"})
    assert refusal(root, "full") == (
        "base image 'label': ROOT/label/pyproject.toml requires 'numpy' for the extra 'full', and "
        "ROOT/label/requirements.lock does not pin it; lock it again, or into requirements-full.lock beside it"
    )


def test_a_lock_file_that_is_older_than_the_package(root: Path) -> None:
    write(root, {"label/pyproject.toml": project("label", ["boto3"])})
    write(root, {"label/requirements.lock": "botocore==1.43.0\n"})
    assert refusal(root) == (
        "base image 'label': ROOT/label/pyproject.toml requires 'boto3', and ROOT/label/requirements.lock does not pin "
        "it; lock it again"
    )


def test_a_requirement_for_another_platform_may_be_missing(root: Path) -> None:
    write(root, {"label/pyproject.toml": project("label", ["boto3; sys_platform == 'win32'"])})
    write(root, {"label/requirements.lock": "# nothing here\n"})
    assert requirements(root).text == ""


def test_two_lock_files_with_two_versions(root: Path) -> None:
    write(
        root,
        {
            "label/requirements.lock": "boto3==1.43.0\n",
            "label/requirements-full.lock": "boto3==1.44.0\nnumpy==2.0\n",
        },
    )
    assert refusal(root, "full") == (
        "base image 'label': ROOT/label/requirements.lock has boto3==1.43.0, and ROOT/label/requirements-full.lock has "
        "boto3==1.44.0; lock both together"
    )


def test_versions_by_marker_are_kept_side_by_side(root: Path) -> None:
    lock = "boto3==1.43.0 ; python_version < '3.12'\nboto3==1.44.0 ; python_version >= '3.12'\n"
    write(root, {"label/requirements.lock": lock})
    assert requirements(root).text == lock


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "--constraint=c.txt",
            "'--constraint=c.txt' reads a file that is not in the image; put its lines here",
        ),
        (
            "-e ../elsewhere",
            "'../elsewhere' is a folder outside of the workspace, which the build cannot read; publish it to an index, "
            "or make it a package of the workspace",
        ),
        (
            "x @ file:///home/x",
            "'x' comes from a folder on this machine, which the build cannot read; publish it to an index",
        ),
        ("not a line", "'not a line' is not a requirement: "),
    ],
)
def test_a_line_that_no_image_can_install(root: Path, line: str, message: str) -> None:
    write(root, {"label/requirements.lock": f"boto3==1\n{line}\n"})
    assert refusal(root).startswith(f"ROOT/label/requirements.lock:2: {message}")


def test_options_of_a_lock_file_are_kept(root: Path) -> None:
    lock = "--index-url https://index.example/simple\n--only-binary :all:\nboto3==1.43.0\n"
    write(root, {"label/requirements.lock": lock})
    assert requirements(root).text == lock


def test_else_the_nearest_uv_lock_is_read(root: Path) -> None:
    write(root, {"uv.lock": UV_LOCK})
    found = requirements(root)
    assert found.text == f"--require-hashes\nboto3==1.43.0 \\\n    --hash={HASH}\n"
    assert found.files == (root / "uv.lock",)
    own = (
        UV_LOCK.replace("1.43.0", "1.44.0")
        .replace('"label" }', '"." }')
        .replace('"dynamo" }\n', '"../dynamo" }\n')
    )
    write(root, {"label/uv.lock": own})
    assert "boto3==1.44.0" in requirements(root).text


def test_a_uv_lock_above_the_root_is_not_read(root: Path) -> None:
    inner = root / "inner"
    write(
        inner,
        {
            "api/pyproject.toml": project("api", ["label"]),
            "label/pyproject.toml": project("label", ["boto3"]),
        },
    )
    write(root, {"uv.lock": UV_LOCK})
    assert requirements(inner).text == "boto3\n"


def test_else_its_own_ranges_with_a_warning(root: Path) -> None:
    found = requirements(root, "full")
    assert found.text == 'boto3>=1.43; python_version >= "3.9"\nnumpy>=2\n'
    assert found.files == (root / "label/pyproject.toml",)
    assert found.warnings == (
        "base image 'label': no lock file, so two builds under one tag may install different versions; lock it with "
        "`uv lock`, or `pip-compile --generate-hashes --output-file=requirements.lock` beside its pyproject.toml",
    )


def test_without_requirements_there_is_nothing_to_lock(root: Path) -> None:
    found = requirements(root, name="dynamo")
    assert (found.text, found.warnings) == ("", ())


@pytest.mark.parametrize(
    ("dependency", "source", "origin"),
    [
        ("x @ git+https://git.example/x", "", "url"),
        ("x", '[tool.uv.sources]\nx = { git = "https://git.example/x" }\n', "git"),
        ("x", '[tool.uv.sources]\nx = { path = "../x.whl" }\n', "../x.whl"),
    ],
)
def test_what_is_in_no_index_is_refused(root: Path, dependency: str, source: str, origin: str) -> None:
    write(root, {"label/pyproject.toml": project("label", [dependency], more=source)})
    assert refusal(root) == (
        f"base image 'label': ROOT/label/pyproject.toml takes 'x' from {origin}, but a base installs from package "
        "indexes only; publish it there, or declare the base by hand: BaseDeclaration(name='label', …)"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"# locked on another day\nboto3==1.43.0 \\\n    --hash={HASH}\n    # via label, api\n",
        f"\nboto3==1.43.0 --hash={HASH}  # via label\n",
        f"boto3==1.43.0 \\\r\n    --hash={HASH}\r\n",
    ],
    ids=["comments", "one line", "CRLF"],
)
def test_how_a_lock_file_is_written_rebuilds_nothing(root: Path, text: str) -> None:
    write(root, {"label/requirements.lock": f"boto3==1.43.0 \\\n    --hash={HASH}\n"})
    before = requirements(root).text
    (root / "label/requirements.lock").write_bytes(text.encode())
    assert requirements(root).text == before


@pytest.mark.parametrize(
    ("address", "origin"),
    [("git+https://name:token@git.example/boto3", "git+https"), ("https://files.example/b.whl", "https")],
)
def test_a_line_that_comes_from_an_address_is_refused_without_showing_it(
    root: Path, address: str, origin: str
) -> None:
    write(root, {"label/requirements.lock": f"boto3 @ {address}\n"})
    assert refusal(root) == (
        f"ROOT/label/requirements.lock:1: 'boto3' comes from {origin}, but a base installs from package indexes only; "
        "publish it there, or declare the base by hand"
    )


def test_a_further_file_is_read_in_its_place(root: Path) -> None:
    write(
        root, {"label/requirements.lock": "numpy==2.0\n-rother.txt\n", "label/other.txt": "boto3==1.43.0\n"}
    )
    assert requirements(root).text == "numpy==2.0\nboto3==1.43.0\n"
    write(root, {"label/other.txt": "-r requirements.lock\n"})
    assert refusal(root) == "ROOT/label/other.txt:1: '-r requirements.lock' includes itself; remove the line"


@pytest.mark.parametrize(
    "locked",
    [
        {"label/requirements.lock": f"boto3==1.42.9 --hash={HASH}\n"},
        {"uv.lock": UV_LOCK.replace("1.43.0", "1.42.9")},
    ],
)
def test_a_version_that_the_package_does_not_allow_is_warned_of(root: Path, locked: dict[str, str]) -> None:
    write(root, locked)
    (file,) = locked
    (warning,) = requirements(root).warnings
    assert warning.replace(str(root), "ROOT") == (
        f"base image 'label': ROOT/label/pyproject.toml requires boto3>=1.43, but ROOT/{file} pins 1.42.9; lock it again"
    )


def test_one_of_several_versions_may_be_for_another_python(root: Path) -> None:
    lines = ("boto3==1.42.9 ; python_version < '3.10'", "boto3==1.43rc1 ; python_version >= '3.10'")
    lock = "".join(f"{line} --hash={HASH}\n" for line in lines)
    write(root, {"label/requirements.lock": lock})
    write(root, {"label/pyproject.toml": project("label", ["boto3>=1.43rc0"])})
    assert requirements(root).warnings == ()


def test_dependencies_that_only_a_build_backend_knows_are_refused_without_a_lock(root: Path) -> None:
    text = '[project]\nname = "label"\ndynamic = ["dependencies"]\n'
    write(root, {"label/pyproject.toml": text})
    assert refusal(root) == (
        "base image 'label': ROOT/label/pyproject.toml has dynamic dependencies, which only its build backend knows; "
        "declare them in its [project] table, or put a requirements.lock beside it"
    )
    write(root, {"label/requirements.lock": f"boto3==1.43.0 --hash={HASH}\n"})
    assert requirements(root).text == f"--require-hashes\nboto3==1.43.0 --hash={HASH}\n"


@pytest.mark.parametrize(
    ("written", "spoilt"),
    [
        ('[{ name = "boto3" }, { name = "dynamo" }]', "[3]"),
        ('name = "boto3"\nversion = "1.43.0"', 'name = "boto3"'),
        ('{ name = "boto3" }', '{ name = "boto3", marker = "no marker" }'),
    ],
)
def test_a_uv_lock_that_uv_did_not_write_is_an_error(root: Path, written: str, spoilt: str) -> None:
    assert written in UV_LOCK
    write(root, {"uv.lock": UV_LOCK.replace(written, spoilt)})
    assert re.fullmatch(
        r"ROOT/uv\.lock: (is not a valid lock file; lock again|marker 'no marker': is not valid: .*)",
        refusal(root),
        re.S,
    )


def test_what_is_known_of_a_uv_lock_is_told_as_it_is(root: Path) -> None:
    write(root, {"uv.lock": UV_LOCK.replace("version = 1\n", "version = 2\n", 1)})
    assert refusal(root).startswith("ROOT/uv.lock has the format version 2, but only 1 is supported; ")
