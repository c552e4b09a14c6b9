"""poetry.lock, pdm.lock and pylock.toml are read as their tools write them, each beside the package or above it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.workspace.requirements import Requirements
from tests.refusals import refused
from tests.unit.workspace.repository import (
    HASH,
    derived,
    packages,
    pins,
    project,
    refusal,
    sources,
    toml,
    write,
)


def package(name: str, version: str, **more: Any) -> dict[str, Any]:
    files = [{"file": f"{name}-{version}.{kind}", "hash": HASH} for kind in ("whl", "tar.gz")]
    return {"name": name, "version": version, "files": files, **more}


POETRY_LOCK = toml(
    {
        "package": [
            package("anyio", "4.4.0", markers='python_version < "3.12"'),
            package(
                "anyio",
                "4.6.0",
                markers='python_version >= "3.12"',
                dependencies={
                    "idna": ">=2.8",
                    "sniffio": ">=1.1 || <1",
                    "typing-extensions": {"version": ">=4.1", "markers": 'python_version < "3.11"'},
                },
            ),
            package("h2", "4.1.0", optional=True),
            package(
                "Httpx",
                "0.27.0",
                dependencies={
                    "anyio": "*",
                    "h2": {"version": ">=3,<5", "optional": True, "markers": 'extra == "http2"'},
                    "socksio": {"version": "==1.*", "optional": True, "markers": 'extra == "socks"'},
                },
                extras={"http2": ["h2 (>=3,<5)"], "socks": ["socksio (==1.*)"]},
            ),
            package("idna", "3.7"),
            package(
                "lib",
                "1.2.3",
                dependencies={"httpx": {"version": "^0.27", "extras": ["http2"]}},
                source={"type": "directory", "url": "../lib"},
            ),
            package("sniffio", "1.3.1"),
            package("unused", "1", source={"type": "git", "url": "https://git.example/unused"}),
        ],
        "metadata": {"lock-version": "2.1", "python-versions": "^3.11"},
    }
)
PDM_LOCK = toml(
    {
        "metadata": {"lock_version": "4.5.0", "targets": [{"requires_python": ">=3.11"}]},
        "package": [
            package(
                "anyio",
                "4.6.0",
                marker='python_version >= "3.12"',
                dependencies=[
                    "idna>=2.8",
                    'typing-extensions>=4.1; python_version < "3.11"',
                    "sniffio>=1.1",
                ],
            ),
            package("anyio", "4.4.0", marker='python_version < "3.12"', dependencies=[]),
            package("h2", "4.1.0"),
            package("httpx", "0.27.0", dependencies=["anyio"]),
            package("httpx", "0.27.0", extras=["http2"], dependencies=["h2<5,>=3", "httpx==0.27.0"]),
            package("idna", "3.7"),
            package("lib", "1.2.3", path="../lib"),
            package("sniffio", "1.3.1"),
        ],
    }
)
NEEDED = ["anyio==4.6.0", "h2==4.1.0", "httpx==0.27.0", "idna==3.7", "sniffio==1.3.1"]


LOCKS = pytest.mark.parametrize(("lock", "text"), [("poetry.lock", POETRY_LOCK), ("pdm.lock", PDM_LOCK)])


def repository(root: Path, lock: str, text: str) -> Path:
    """An app with a lock, which names the package lib by its path."""
    write(root, {"lib/pyproject.toml": project("lib", ["httpx[http2]>=0.27,<1"]), f"app/{lock}": text})
    return write(root, {"app/pyproject.toml": project("app", ["lib"], more=sources(lib="../lib"))})


def requirements(root: Path, python: str = "3.13") -> Requirements:
    return derived(root, python=python)["lib"].requirements


@LOCKS
def test_a_package_without_a_lock_is_in_that_of_its_dependent(tmp_path: Path, lock: str, text: str) -> None:
    root = repository(tmp_path, lock, text)
    found = requirements(root)
    assert pins(found.text) == NEEDED
    assert found.files == (tmp_path / "app" / lock,)
    assert (found.hashed, found.complete, found.version) == (True, True, "1.2.3")
    assert "anyio==4.4.0" in pins(requirements(root, "3.11").text)


@LOCKS
def test_a_package_of_its_own_has_what_it_requires(tmp_path: Path, lock: str, text: str) -> None:
    repository(tmp_path, "README", "")
    write(tmp_path, {f"lib/{lock}": text})
    assert pins(requirements(tmp_path).text) == NEEDED
    write(tmp_path, {"lib/pyproject.toml": project("lib", ["httpx", "missing"])})
    command = "poetry lock" if lock == "poetry.lock" else "pdm lock --group :all"
    assert refusal(tmp_path) == (
        f"ROOT/lib/{lock} does not contain missing, which 'lib' requires; run `{command}`"
    )


UV_LOCK = (
    'version = 1\nrequires-python = "==3.11.*"\n[[package]]\nname = "lib"\nsource = { editable = "../lib" }\n'
)


@pytest.mark.parametrize(
    ("lock", "text", "python", "command"),
    [
        ("uv.lock", UV_LOCK, "==3.11.*", "uv lock"),
        ("poetry.lock", POETRY_LOCK.replace("^3.11", "~3.11"), "~3.11", "poetry lock"),
        ("pdm.lock", PDM_LOCK.replace(">=3.11", "==3.11.*"), "==3.11.*", "pdm lock --group :all"),
    ],
)
def test_a_lock_for_another_python_is_refused(
    tmp_path: Path, lock: str, text: str, python: str, command: str
) -> None:
    repository(tmp_path, lock, text)
    assert refusal(tmp_path) == (
        f"base image 'lib': ROOT/app/{lock} is locked for Python {python}, but the image has 3.13; run `{command}` for "
        "that Python, or pass public_image= with another"
    )


def test_a_git_source_stops_only_a_package_that_needs_it(tmp_path: Path) -> None:
    root = repository(tmp_path, "poetry.lock", POETRY_LOCK)
    write(root, {"lib/pyproject.toml": project("lib", ["unused"])})
    assert refusal(root) == (
        "ROOT/app/poetry.lock: 'unused' comes from git, but a base installs from package indexes only; publish it there, "
        "or declare the base by hand"
    )


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
        found = derived(tmp_path, platforms=[platform])
        assert {name: pins(base.requirements.text) for name, base in found.items()} == {
            "deep": [],
            "lib": ["click==8.1.7", *more],
        }
    write(tmp_path, {"packages/lib/pylock.toml": PYLOCK.replace('"click"', '""')})
    with pytest.raises(ScopedImagesError, match=r"pylock\.toml: is not a valid pylock\.toml: .*; lock again"):
        derived(tmp_path)


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
    lib = derived(tmp_path)["lib"]
    assert lib.context().generated["build-constraints.txt"] == b"hatchling==1.27\ntrove<9\n"


@pytest.mark.parametrize(
    ("manifest", "folder", "version"),
    [
        ("[manifest]\nmembers = ['lib']\n", "packages/lib", "2"),
        # A project that another one names by path has a lock of its own.
        ("", "packages/lib", "1"),
        ("[manifest]\nmembers = ['lib']\n", "members/lib", "1"),
    ],
    ids=["a member", "not a member", "only the name of a member"],
)
def test_a_uv_lock_that_a_member_of_a_workspace_has_from_before_is_ignored(
    tmp_path: Path, manifest: str, folder: str, version: str
) -> None:
    def lock(more: str, folder: str, version: str) -> str:
        return (
            f"version = 1\n{more}[[package]]\nname = 'lib'\nsource = {{ editable = '{folder}' }}\n"
            "dependencies = [{ name = 'attrs' }]\n[[package]]\nname = 'attrs'\nsource = { registry = 'https://index' }\n"
            f"version = '{version}'\n"
        )

    packages(tmp_path, {"lib": ["attrs"], "app": ["lib"]})
    write(tmp_path, {"uv.lock": lock(manifest, folder, "2"), "packages/lib/uv.lock": lock("", ".", "1")})
    assert pins(requirements(tmp_path).text) == [f"attrs=={version}"]


def test_pdm_names_an_editable_folder_in_a_line_of_pip(tmp_path: Path) -> None:
    """As in the lock of a workspace: `core` and `plug` are its packages."""
    write(
        tmp_path,
        {
            "plug/pyproject.toml": project("plug", ["core"]),
            "core/pyproject.toml": project("core", ["idna"]),
            "app/pyproject.toml": project("app", ["plug"]),
            "pdm.lock": toml(
                {
                    "package": [
                        package("core", "1", path="./core", dependencies=["idna"]),
                        package("idna", "3.7"),
                        package(
                            "plug",
                            "1",
                            path="./plug",
                            dependencies=["-e file:///${PROJECT_ROOT}/core#egg=core"],
                        ),
                    ]
                }
            ),
        },
    )
    found = {name: pins(base.requirements.text) for name, base in derived(tmp_path).items()}
    assert found == {"core": ["idna==3.7"], "plug": []}
