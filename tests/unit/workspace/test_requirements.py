"""A base installs what a lock file says, where there is one, and tells where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.bases.graph import BaseGraph
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.workspace.requirements import Requirements
from tests.unit.workspace.repository import HASH, derived, in_folder, in_index, project, uv_lock, write
from tests.unit.workspace.repository import refusal as refusal_of

OWN = "label/requirements.lock"
BOTO3 = in_index("boto3", "1.43.0")
UV_LOCK = uv_lock(in_folder("label", "label", "boto3", "dynamo"), in_folder("dynamo", "dynamo"), BOTO3)
LOCKED = f"--require-hashes\nboto3==1.43.0 --hash={HASH}\n"


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


def requirements(root: Path, extra: str = "", name: str = "label") -> Requirements:
    write(root, {"api/pyproject.toml": project("api", [f"label[{extra}]" if extra else "label"])})
    return derived(root)[name].requirements


def refusal(root: Path, extra: str = "") -> str:
    write(root, {"api/pyproject.toml": project("api", [f"label[{extra}]" if extra else "label"])})
    return refusal_of(root)


MARKER = "python_version >= '3.11'"
BY_PYTHON = "boto3==1.43.0 ; python_version < '3.12'\nboto3==1.44.0 ; python_version >= '3.12'\n"
OPTIONS = "--index-url https://index.example/simple\n--only-binary :all:\nboto3==1.43.0\n"
# (sentence, the lock file beside the package, what the base installs)
FILES = [
    (
        "without its comments",
        f"# made by pip-compile\nboto3==1.43.0 \\\n    --hash={HASH}\n    # via label\n",
        LOCKED,
    ),
    ("on one line", f"\nboto3==1.43.0 --hash={HASH}  # via label\n", LOCKED),
    ("with CRLF", f"boto3==1.43.0 \\\r\n    --hash={HASH}\r\n", LOCKED),
    ("with the option for hashes", f"boto3==1.43.0 --hash={HASH}\n--require-hashes\n", LOCKED),
    (
        "without packages of the workspace",
        "-e ./dynamo\n-e file:///elsewhere/dynamo\n./dynamo\nDynamo==0.1.0 \\\n    --hash=sha256:1\nboto3==1.43.0\n",
        "boto3==1.43.0\n",
    ),
    (
        "without packages of the workspace as Poetry exports them",
        f"dynamo @ file:///repo/dynamo ; {MARKER}\n-e file:///repo/dynamo ; {MARKER}\nboto3==1.43.0 ; {MARKER}\n",
        f"boto3==1.43.0 ; {MARKER}\n",
    ),
    ("with a version for each Python", BY_PYTHON, BY_PYTHON),
    ("with its options", OPTIONS, OPTIONS),
]


@pytest.mark.parametrize(("text", "installed"), [each[1:] for each in FILES], ids=[each[0] for each in FILES])
def test_a_lock_file_of_the_package_is_taken(root: Path, text: str, installed: str) -> None:
    write(root, {"uv.lock": UV_LOCK.replace("1.43.0", "1.45.0")})
    (root / OWN).write_bytes(text.encode())
    found = requirements(root)
    assert (found.text, found.files, found.hashed) == (installed, (root / OWN,), "--hash" in installed)


def test_without_hashes_there_is_a_warning(root: Path) -> None:
    write(root, {OWN: "boto3==1.43.0\n"})
    assert requirements(root).warnings == (
        f"base image 'label': {root}/label/requirements.lock lacks hashes, so two builds under one tag may install "
        "different versions; lock it with `uv lock`, or `pip-compile --generate-hashes --output-file=requirements.lock` "
        "beside its pyproject.toml",
    )


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (
            {"requirements.txt": "boto3==1.43.0\n"},
            "`pip-compile --generate-hashes --output-file=requirements.lock requirements.txt` in its folder",
        ),
        ({"Pipfile": '[packages]\nboto3 = "*"\n'}, "`pipenv lock` in its folder"),
        (
            {"setup.cfg": "[metadata]\nname = hello\n[options]\ninstall_requires = boto3\n"},
            "`pip-compile --generate-hashes --output-file=requirements.lock setup.cfg` in its folder",
        ),
    ],
    ids=["requirements.txt", "Pipfile", "setup.cfg"],
)
def test_the_warning_names_no_file_that_is_missing(
    tmp_path: Path, files: dict[str, str], command: str
) -> None:
    write(tmp_path / "hello", files)
    graph = BaseGraph.from_workspace(tmp_path, workloads=["hello"], workload_bases=True)
    context = graph.declarations["hello"].context
    assert isinstance(context, ScopedContext)
    (warning,) = context.warnings
    assert warning.partition("; lock it with ")[2] == command


def test_a_lock_file_of_an_extra_is_put_with_it_and_each_package_is_named_once(root: Path) -> None:
    full = "label/requirements-full.lock"
    write(root, {OWN: f"boto3==1.43.0 --hash={HASH}\n"})
    write(root, {full: f"boto3==1.43.0 --hash={HASH}\nnumpy==2.0 --hash={HASH}\n"})
    assert requirements(root).text == LOCKED
    found = requirements(root, "full")
    assert found.text == f"{LOCKED}numpy==2.0 --hash={HASH}\n"
    assert found.files == (root / OWN, root / full)
    write(root, {full: "boto3==1.44.0\nnumpy==2.0\n"})
    assert refusal(root, "full") == (
        "base image 'label': ROOT/label/requirements.lock has boto3==1.43.0, and ROOT/label/requirements-full.lock has "
        "boto3==1.44.0; lock both together"
    )


def test_an_extra_may_be_in_the_one_lock_file(root: Path) -> None:
    write(root, {OWN: "boto3==1.43.0\nnumpy==2.0\n"})
    assert requirements(root, "full").text == "boto3==1.43.0\nnumpy==2.0\n"


# (sentence, requirements of the package, lock file, extra, message)
MISTAKES = [
    (
        "an extra that no lock file has",
        [],
        "boto3==1.43.0\n",
        "full",
        "base image 'label': ROOT/label/pyproject.toml requires 'numpy' for the extra 'full', and "
        "ROOT/label/requirements.lock does not pin it; lock it again, or into requirements-full.lock beside it",
    ),
    (
        "a lock file that is older than the package",
        ["attrs"],
        "boto3==1.43.0\n",
        "",
        "base image 'label': ROOT/label/pyproject.toml requires 'attrs', and ROOT/label/requirements.lock does not pin "
        "it; lock it again",
    ),
    (
        "a file that the image lacks",
        [],
        "--constraint=c.txt\n",
        "",
        "ROOT/label/requirements.lock:1: '--constraint=c.txt' reads a file that is not in the image; put its lines here",
    ),
    (
        "a folder outside of the workspace",
        [],
        "boto3==1\n-e ../elsewhere\n",
        "",
        "ROOT/label/requirements.lock:2: '../elsewhere' is a folder outside of the workspace, which the build cannot "
        "read; publish it to an index, or make it a package of the workspace",
    ),
    *(
        (
            f"a requirement from {origin}",
            [],
            f"x @ {address}\n",
            "",
            f"ROOT/label/requirements.lock:1: 'x' comes from {origin}, but a base installs from package indexes only; "
            "publish it there, or declare the base by hand",
        )
        for address, origin in (
            ("file:///home/x", "a folder on this machine"),
            ("git+https://name:token@git.example/x", "git+https"),
            ("https://files.example/x.whl", "https"),
        )
    ),
    (
        "not a requirement",
        [],
        "not a line\n",
        "",
        "ROOT/label/requirements.lock:1: 'not a line' is not a requirement:",
    ),
]


@pytest.mark.parametrize(
    ("required", "text", "extra", "message"),
    [each[1:] for each in MISTAKES],
    ids=[each[0] for each in MISTAKES],
)
def test_a_lock_file_that_no_image_can_install(
    root: Path, required: list[str], text: str, extra: str, message: str
) -> None:
    write(root, {"label/pyproject.toml": project("label", required, {"full": ["numpy>=2"]}), OWN: text})
    found = refusal(root, extra)
    assert found.startswith(message) if message.endswith(":") else found == message


def test_a_requirement_for_another_platform_may_be_missing(root: Path) -> None:
    write(root, {"label/pyproject.toml": project("label", ["boto3; sys_platform == 'win32'"])})
    write(root, {OWN: "# nothing here\n"})
    assert requirements(root).text == ""


def test_else_the_nearest_uv_lock_is_read(root: Path) -> None:
    write(root, {"uv.lock": UV_LOCK})
    found = requirements(root)
    assert found.text == f"--require-hashes\nboto3==1.43.0 \\\n    --hash={HASH}\n"
    assert found.files == (root / "uv.lock",)
    own = uv_lock(in_folder("label", ".", "boto3"), {**BOTO3, "version": "1.44.0"})
    write(root, {"label/uv.lock": own})
    assert "boto3==1.44.0" in requirements(root).text


def test_a_uv_lock_above_the_root_is_not_read(root: Path) -> None:
    write(root, {"uv.lock": UV_LOCK, "inner/label/pyproject.toml": project("label", ["boto3"])})
    assert requirements(root / "inner").text == "boto3\n"


def test_else_its_own_ranges_with_a_warning(root: Path) -> None:
    found = requirements(root, "full")
    assert found.text == 'boto3>=1.43; python_version >= "3.9"\nnumpy>=2\n'
    assert found.files == (root / "label/pyproject.toml",)
    assert [warning.partition(", so")[0] for warning in found.warnings] == [
        "base image 'label': no lock file"
    ]
    nothing = requirements(root, name="dynamo")
    assert (nothing.text, nothing.warnings) == ("", ())


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


def test_a_further_file_is_read_in_its_place(root: Path) -> None:
    write(root, {OWN: "numpy==2.0\n-rother.txt\n", "label/other.txt": "boto3==1.43.0\n"})
    assert requirements(root).text == "numpy==2.0\nboto3==1.43.0\n"
    write(root, {"label/other.txt": "-r requirements.lock\n"})
    assert refusal(root) == "ROOT/label/other.txt:1: '-r requirements.lock' includes itself; remove the line"
    (root / "label/other.txt").unlink()
    assert refusal(root).startswith("workspace: cannot read ROOT/label/other.txt: ")


@pytest.mark.parametrize(
    ("file", "text"),
    [(OWN, f"boto3==1.42.9 --hash={HASH}\n"), ("uv.lock", UV_LOCK.replace("1.43.0", "1.42.9"))],
)
def test_a_version_that_the_package_does_not_allow_is_warned_of(root: Path, file: str, text: str) -> None:
    write(root, {file: text})
    assert requirements(root).warnings == (
        f"base image 'label': {root}/label/pyproject.toml requires boto3>=1.43, but {root}/{file} pins 1.42.9; lock it "
        "again",
    )


def test_one_of_several_versions_may_be_for_another_python(root: Path) -> None:
    lines = ("boto3==1.42.9 ; python_version < '3.10'", "boto3==1.43rc1 ; python_version >= '3.10'")
    write(root, {OWN: "".join(f"{line} --hash={HASH}\n" for line in lines)})
    write(root, {"label/pyproject.toml": project("label", ["boto3>=1.43rc0"])})
    assert requirements(root).warnings == ()


@pytest.mark.parametrize(
    "files",
    [
        {"label/pyproject.toml": '[project]\nname = "label"\ndynamic = ["dependencies"]\n'},
        {
            "label/setup.py": "from setuptools import setup\n"
            "setup(name='label', install_requires=open('r.txt').read().split())\n"
        },
    ],
    ids=["pyproject.toml", "setup.py"],
)
def test_dependencies_that_only_a_build_backend_knows_are_refused_without_a_lock(
    root: Path, files: dict[str, str]
) -> None:
    (root / "label/pyproject.toml").unlink()
    write(root, files)
    (file,) = files
    assert refusal(root) == (
        f"base image 'label': ROOT/{file} has dynamic dependencies, which only its build backend knows; declare them in "
        "its [project] table, or put a requirements.lock beside it"
    )
    # It pins every version.
    write(root, {"label/requirements.txt": f"boto3==1.43.0 --hash={HASH}\n"})
    assert requirements(root).text == LOCKED


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dependencies", [3], "is not a valid lock file; lock again"),
        ("dependencies", [{"name": "boto3", "marker": "no marker"}], "marker 'no marker': is not valid:"),
    ],
)
def test_a_uv_lock_that_uv_did_not_write_is_an_error(
    root: Path, key: str, value: object, message: str
) -> None:
    write(root, {"uv.lock": uv_lock({**in_folder("label", "label"), key: value}, BOTO3)})
    assert refusal(root).startswith(f"ROOT/uv.lock: {message}")


def test_packages_in_one_base_have_hashes_only_if_all_of_them_do(root: Path) -> None:
    write(root, {"dynamo/pyproject.toml": project("dynamo", ["label", "attrs"])})
    write(
        root, {OWN: f"boto3==1.43.0 --hash={HASH}\n", "dynamo/requirements.lock": "attrs==1\nboto3==1.43.0\n"}
    )
    found = requirements(root, name="dynamo")
    assert (found.text, found.hashed) == ("attrs==1\nboto3==1.43.0\n", False)
    write(root, {"dynamo/requirements.lock": f"attrs==1 --hash={HASH}\n"})
    assert requirements(root, name="dynamo").text == (
        f"--require-hashes\nattrs==1 --hash={HASH}\nboto3==1.43.0 --hash={HASH}\n"
    )
