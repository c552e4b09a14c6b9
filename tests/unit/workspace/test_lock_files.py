"""poetry.lock, pdm.lock and pylock.toml are read as their tools write them, each beside the package or above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.bases.derive import derive_bases
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.workspace.requirements import Requirements
from scoped_images.workspace.target import Target
from scoped_images.workspace.workspace import Workspace
from tests.refusals import refused
from tests.unit.workspace.repository import packages, project, write

HASH = "sha256:" + "0" * 64
POETRY_LOCK = f"""
[[package]]
name = "anyio"
version = "4.4.0"
description = ""
optional = false
python-versions = ">=3.8"
groups = ["main"]
markers = "python_version < \\"3.13\\""
files = [{{file = "anyio-4.4.0.whl", hash = "{HASH}"}}]

[[package]]
name = "anyio"
version = "4.6.0"
description = ""
optional = false
python-versions = ">=3.9"
groups = ["main"]
markers = "python_version >= \\"3.13\\""
files = [{{file = "anyio-4.6.0.whl", hash = "{HASH}"}}]

[package.dependencies]
idna = ">=2.8"
sniffio = ">=1.1 || <1"
typing-extensions = {{version = ">=4.1", markers = "python_version < \\"3.11\\""}}
colorama = {{version = "*", markers = "platform_system == \\"Windows\\""}}

[[package]]
name = "h2"
version = "4.1.0"
optional = true
python-versions = "*"
files = [{{file = "h2-4.1.0.whl", hash = "{HASH}"}}]

[[package]]
name = "Httpx"
version = "0.27.0"
optional = false
python-versions = ">=3.8"
files = [{{file = "httpx-0.27.0.whl", hash = "{HASH}"}}, {{file = "httpx-0.27.0.tar.gz", hash = "{HASH}"}}]

[package.dependencies]
anyio = "*"
h2 = {{version = ">=3,<5", optional = true, markers = "extra == \\"http2\\""}}
socksio = {{version = "==1.*", optional = true, markers = "extra == \\"socks\\""}}

[package.extras]
http2 = ["h2 (>=3,<5)"]
socks = ["socksio (==1.*)"]

[[package]]
name = "idna"
version = "3.7"
optional = false
python-versions = ">=3.5"
files = [{{file = "idna-3.7.whl", hash = "{HASH}"}}]

[[package]]
name = "lib"
version = "1.2.3"
optional = false
python-versions = ">=3.9"
files = []
develop = true

[package.dependencies]
httpx = {{version = "^0.27", extras = ["http2"]}}

[package.source]
type = "directory"
url = "../lib"

[[package]]
name = "sniffio"
version = "1.3.1"
optional = false
python-versions = ">=3.7"
files = [{{file = "sniffio-1.3.1.whl", hash = "{HASH}"}}]

[[package]]
name = "unused"
version = "1"
optional = false
python-versions = "*"
files = []

[package.source]
type = "git"
url = "https://git.example/unused"

[metadata]
lock-version = "2.1"
python-versions = "^3.11"
content-hash = "0"
"""
PDM_LOCK = f"""
[metadata]
groups = ["default"]
strategy = ["inherit_metadata"]
lock_version = "4.5.0"

[[metadata.targets]]
requires_python = ">=3.11"

[[package]]
name = "anyio"
version = "4.6.0"
marker = "python_version >= \\"3.12\\""
dependencies = ["idna>=2.8", "typing-extensions>=4.1; python_version < \\"3.11\\"", "sniffio>=1.1"]
files = [{{file = "anyio-4.6.0.whl", hash = "{HASH}"}}]

[[package]]
name = "anyio"
version = "4.4.0"
marker = "python_version < \\"3.12\\""
dependencies = []
files = [{{file = "anyio-4.4.0.whl", hash = "{HASH}"}}]

[[package]]
name = "h2"
version = "4.1.0"
files = [{{file = "h2-4.1.0.whl", hash = "{HASH}"}}]

[[package]]
name = "httpx"
version = "0.27.0"
dependencies = ["anyio"]
files = [{{file = "httpx-0.27.0.whl", hash = "{HASH}"}}]

[[package]]
name = "httpx"
version = "0.27.0"
extras = ["http2"]
dependencies = ["h2<5,>=3", "httpx==0.27.0"]
files = [{{file = "httpx-0.27.0.whl", hash = "{HASH}"}}]

[[package]]
name = "idna"
version = "3.7"
files = [{{file = "idna-3.7.whl", hash = "{HASH}"}}]

[[package]]
name = "lib"
version = "1.2.3"
path = "../lib"
files = []

[[package]]
name = "sniffio"
version = "1.3.1"
files = [{{file = "sniffio-1.3.1.whl", hash = "{HASH}"}}]
"""
NEEDED = ["anyio==4.6.0", "h2==4.1.0", "httpx==0.27.0", "idna==3.7", "sniffio==1.3.1"]


def repository(root: Path, lock: str, text: str) -> Path:
    """An app with a lock, which names the package lib by its path."""
    more = '[tool.uv.sources]\nlib = { path = "../lib" }\n'
    write(root, {"lib/pyproject.toml": project("lib", ["httpx[http2]>=0.27,<1"]), f"app/{lock}": text})
    return write(root, {"app/pyproject.toml": project("app", ["lib"], more=more)})


def requirements(root: Path, target: Target = Target("3.13")) -> Requirements:  # noqa: B008 - frozen
    (lib,) = derive_bases(Workspace.read(root), target=target)
    return lib.requirements


def pins(found: Requirements) -> list[str]:
    return [line.partition(" \\")[0] for line in found.text.splitlines() if not line.startswith((" ", "-"))]


@pytest.mark.parametrize(("lock", "text"), [("poetry.lock", POETRY_LOCK), ("pdm.lock", PDM_LOCK)])
def test_a_package_without_a_lock_is_in_that_of_its_dependent(tmp_path: Path, lock: str, text: str) -> None:
    found = requirements(repository(tmp_path, lock, text))
    assert pins(found) == NEEDED
    assert found.files == (tmp_path / "app" / lock,)
    assert (found.hashed, found.complete, found.version) == (True, True, "1.2.3")


@pytest.mark.parametrize(("lock", "text"), [("poetry.lock", POETRY_LOCK), ("pdm.lock", PDM_LOCK)])
def test_a_package_of_its_own_has_what_it_requires(tmp_path: Path, lock: str, text: str) -> None:
    repository(tmp_path, "README", "")
    write(tmp_path, {f"lib/{lock}": text})
    assert pins(requirements(tmp_path)) == NEEDED
    write(tmp_path, {"lib/pyproject.toml": project("lib", ["httpx", "missing"])})
    with pytest.raises(ScopedImagesError) as refused:
        requirements(tmp_path)
    command = "poetry lock" if lock == "poetry.lock" else "pdm lock --group :all"
    assert str(refused.value) == (
        f"{tmp_path}/lib/{lock} does not contain missing, which 'lib' requires; run `{command}`"
    )


@pytest.mark.parametrize(("lock", "text"), [("poetry.lock", POETRY_LOCK), ("pdm.lock", PDM_LOCK)])
def test_the_version_for_the_targets_python_is_taken(tmp_path: Path, lock: str, text: str) -> None:
    root = repository(tmp_path, lock, text)
    assert "anyio==4.4.0" in pins(requirements(root, Target("3.11")))
    assert "anyio==4.6.0" in pins(requirements(root, Target("3.14")))


def test_a_poetry_lock_for_another_python_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path, "poetry.lock", POETRY_LOCK.replace("^3.11", "~3.11"))
    with pytest.raises(
        ScopedImagesError, match=r"poetry\.lock is locked for Python ~3\.11, but the image has 3\.13"
    ):
        requirements(root)


def test_a_git_source_stops_only_a_package_that_needs_it(tmp_path: Path) -> None:
    root = repository(tmp_path, "poetry.lock", POETRY_LOCK)
    write(root, {"lib/pyproject.toml": project("lib", ["unused"])})
    with pytest.raises(
        ScopedImagesError, match=r"poetry\.lock: 'unused' comes from git, but a base installs from"
    ):
        requirements(root)


PYLOCK = f"""
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11"

[[packages]]
name = "click"
version = "8.1.7"
wheels = [{{ url = "https://files.example/click-8.1.7-py3-none-any.whl", hashes = {{ sha256 = "{"0" * 64}" }} }}]

[[packages]]
name = "colorama"
version = "0.4.6"
marker = "sys_platform == 'win32'"
sdist = {{ url = "https://files.example/colorama-0.4.6.tar.gz", hashes = {{ sha256 = "{"0" * 64}" }} }}

[[packages]]
name = "greenlet"
version = "3.1"
marker = "platform_machine == 'aarch64'"
sdist = {{ url = "https://files.example/greenlet-3.1.tar.gz", hashes = {{ sha256 = "{"0" * 64}" }} }}

[[packages]]
name = "deep"
directory = {{ path = "../deep" }}
"""


def test_a_pylock_is_taken_whole_where_its_markers_hold(tmp_path: Path) -> None:
    packages(tmp_path, {"lib": ["click", "deep"], "deep": [], "app": ["lib"]})
    write(tmp_path, {"packages/lib/pylock.toml": PYLOCK})
    for platform, more in ((Platform.LINUX_AMD64, []), (Platform.LINUX_ARM64, ["greenlet==3.1"])):
        found = derive_bases(Workspace.read(tmp_path), target=Target("3.13", (platform,)))
        assert {base.name: pins(base.requirements) for base in found} == {
            "deep": [],
            "lib": ["click==8.1.7", *more],
        }
    write(
        tmp_path,
        {"packages/lib/pylock.toml": PYLOCK.replace('"1.0"', '"1.0"\nx = 1', 1).replace("click", "", 1)},
    )
    with pytest.raises(ScopedImagesError, match=r"pylock\.toml: is not a valid pylock\.toml: .*; lock again"):
        derive_bases(Workspace.read(tmp_path))[1].requirements  # noqa: B018


@pytest.mark.parametrize("lock", ["poetry.lock", "pdm.lock", "uv.lock"])
def test_a_lock_that_its_tool_did_not_write_is_refused(tmp_path: Path, lock: str) -> None:
    repository(tmp_path, lock, "version = 1\n[[package]]\nversion = 1\n")
    with refused(f"{tmp_path}/app/{lock}: is not a valid lock file; lock again"):
        requirements(tmp_path)


def test_the_lock_that_a_build_backend_is_in_pins_it(tmp_path: Path) -> None:
    build = '[build-system]\nrequires = ["hatchling>=1.20", "other"]\nbuild-backend = "hatchling.build"\n'
    packages(tmp_path, {"app": ["lib"]})
    write(tmp_path, {"packages/lib/pyproject.toml": project("lib", more=build)})
    lock = (
        'version = 1\n[manifest]\nbuild-constraints = [{ name = "trove", specifier = "<9" }]\n'
        '[[package]]\nname = "lib"\nsource = { editable = "packages/lib" }\n'
        '[[package]]\nname = "hatchling"\nversion = "1.27"\nsource = { registry = "https://index.example" }\n'
    )
    write(tmp_path, {"uv.lock": lock})
    (lib,) = derive_bases(Workspace.read(tmp_path))
    assert lib.context().generated["build-constraints.txt"] == b"hatchling==1.27\ntrove<9\n"


def test_a_uv_lock_that_a_member_of_a_workspace_has_from_before_is_ignored(tmp_path: Path) -> None:
    def lock(more: str, folder: str, version: str) -> str:
        return (
            f"version = 1\n{more}[[package]]\nname = 'lib'\nsource = {{ editable = '{folder}' }}\n"
            "dependencies = [{ name = 'attrs' }]\n[[package]]\nname = 'attrs'\nsource = { registry = 'https://index' }\n"
            f"version = '{version}'\n"
        )

    packages(tmp_path, {"lib": ["attrs"], "app": ["lib"]})
    write(tmp_path, {"uv.lock": lock("[manifest]\nmembers = ['lib']\n", "packages/lib", "2")})
    write(tmp_path, {"packages/lib/uv.lock": lock("", ".", "1")})
    assert pins(requirements(tmp_path)) == ["attrs==2"]
    # A project that another one names by path has a lock of its own.
    write(tmp_path, {"uv.lock": lock("", "packages/lib", "2")})
    assert pins(requirements(tmp_path)) == ["attrs==1"]


def test_a_uv_lock_is_kept_if_only_the_name_is_that_of_a_member(tmp_path: Path) -> None:
    def lock(more: str, folder: str, version: str) -> str:
        return (
            f"version = 1\n{more}[[package]]\nname = 'lib'\nsource = {{ editable = '{folder}' }}\n"
            "dependencies = [{ name = 'attrs' }]\n[[package]]\nname = 'attrs'\nsource = { registry = 'https://index' }\n"
            f"version = '{version}'\n"
        )

    packages(tmp_path, {"lib": ["attrs"], "app": ["lib"]})
    write(tmp_path, {"uv.lock": lock("[manifest]\nmembers = ['lib']\n", "members/lib", "2")})
    write(tmp_path, {"packages/lib/uv.lock": lock("", ".", "1")})
    assert pins(requirements(tmp_path)) == ["attrs==1"]


def test_pdm_names_an_editable_folder_in_a_line_of_pip(tmp_path: Path) -> None:
    """As in the lock of a workspace: `core` and `plug` are its packages."""
    write(
        tmp_path,
        {
            "plug/pyproject.toml": project("plug", ["core"]),
            "core/pyproject.toml": project("core", ["idna"]),
            "app/pyproject.toml": project("app", ["plug"]),
            "pdm.lock": PDM_LOCK.replace('path = "../lib"', 'path = "./core"')
            .replace('"lib"', '"core"')
            .replace('name = "h2"', 'name = "plug"\npath = "./plug"')
            .replace("dependencies = []", 'dependencies = ["-e file:///${PROJECT_ROOT}/core#egg=core"]'),
        },
    )
    found = {base.name: pins(base.requirements) for base in derive_bases(Workspace.read(tmp_path))}
    assert found == {"core": ["idna==3.7"], "plug": []}
