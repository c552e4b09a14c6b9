"""poetry.lock, pdm.lock and pylock.toml are read as their tools write them, each beside the package or above it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from tests.refusals import refused
from tests.unit.workspace.repository import (
    HASH,
    derived,
    in_folder,
    in_index,
    packages,
    pins,
    project,
    refusal,
    sources,
    toml,
    uv_lock,
    write,
)


def package(name: str, version: str, **more: Any) -> dict[str, Any]:
    files = [{"file": f"{name}-{version}.{kind}", "hash": HASH} for kind in ("whl", "tar.gz")]
    return {"name": name, "version": version, "files": files, **more}


UV_LOCK = uv_lock(in_folder("lib", "../lib", "idna"), **{"requires-python": ">=3.11"})
POETRY_LOCK = toml(
    {
        "package": [
            package("httpx", "0.27.0", dependencies={"idna": ">=2 || <1"}),
            package("idna", "3.7"),
            package("lib", "1.2.3", source={"type": "directory", "url": "../lib"}),
            package("unused", "1", source={"type": "git", "url": "https://git.example/unused"}),
        ],
        "metadata": {"python-versions": ">=3.11"},
    }
)
PDM_LOCK = toml(
    {
        "metadata": {"targets": [{"requires_python": ">=3.11"}]},
        "package": [
            package("httpx", "0.27.0", dependencies=["idna<3"]),
            package("idna", "3.7"),
            package("lib", "1.2.3", path="../lib"),
        ],
    }
)


def repository(root: Path, lock: str, text: str, requires: str = "httpx") -> Path:
    """An app with a lock, which names the package lib by its path."""
    write(root, {f"app/{lock}": text, "lib/pyproject.toml": project("lib", [requires])})
    return write(root, {"app/pyproject.toml": project("app", ["lib"], more=sources(lib="../lib"))})


def requirements(root: Path) -> list[str]:
    return pins(derived(root)["lib"].requirements.text)


@pytest.mark.parametrize(("lock", "text"), [("poetry.lock", POETRY_LOCK), ("pdm.lock", PDM_LOCK)])
def test_a_constraint_that_does_not_allow_what_is_locked_does_not_count(
    tmp_path: Path, lock: str, text: str
) -> None:
    """PEP 440 cannot express an or of Poetry's, and PDM can override a version."""
    assert requirements(repository(tmp_path, lock, text)) == ["httpx==0.27.0", "idna==3.7"]


@pytest.mark.parametrize(
    ("lock", "text", "requires", "message"),
    [
        (
            "poetry.lock",
            POETRY_LOCK,
            "missing",
            " does not contain missing, which 'lib' requires; run `poetry lock`",
        ),
        (
            "pdm.lock",
            PDM_LOCK,
            "missing",
            " does not contain missing, which 'lib' requires; run `pdm lock --group :all`",
        ),
        # Others do not need it.
        (
            "poetry.lock",
            POETRY_LOCK,
            "unused",
            ": 'unused' comes from git, but a base installs from package indexes only; publish it there, or declare the "
            "base by hand",
        ),
    ],
)
def test_a_lock_without_what_a_package_requires_is_refused(
    tmp_path: Path, lock: str, text: str, requires: str, message: str
) -> None:
    assert refusal(repository(tmp_path, lock, text, requires)) == f"ROOT/app/{lock}{message}"


@pytest.mark.parametrize(
    ("lock", "text", "python", "command"),
    [
        ("uv.lock", UV_LOCK, "==3.11.*", "uv lock"),
        ("poetry.lock", POETRY_LOCK, "~3.11", "poetry lock"),
        ("pdm.lock", PDM_LOCK, "==3.11.*", "pdm lock --group :all"),
    ],
)
def test_a_lock_for_another_python_is_refused(
    tmp_path: Path, lock: str, text: str, python: str, command: str
) -> None:
    repository(tmp_path, lock, text.replace(">=3.11", python))
    assert refusal(tmp_path) == (
        f"base image 'lib': ROOT/app/{lock} is locked for Python {python}, but the image has 3.13; run `{command}` for "
        "that Python, or pass public_image= with another"
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
    constraints = {"build-constraints": [{"name": "trove", "specifier": "<9"}]}
    lock = uv_lock(in_folder("lib", "packages/lib"), in_index("hatchling", "1.27"), manifest=constraints)
    write(tmp_path, {"uv.lock": lock})
    lib = derived(tmp_path)["lib"]
    assert lib.context().generated["build-constraints.txt"] == b"hatchling==1.27\ntrove<9\n"


@pytest.mark.parametrize(
    ("members", "folder", "version"),
    [
        (["lib"], "packages/lib", "2"),
        # A project that another one names by path has a lock of its own.
        ([], "packages/lib", "1"),
        (["lib"], "members/lib", "1"),
    ],
    ids=["a member", "not a member", "only the name of a member"],
)
def test_a_uv_lock_that_a_member_of_a_workspace_has_from_before_is_ignored(
    tmp_path: Path, members: list[str], folder: str, version: str
) -> None:
    packages(tmp_path, {"lib": ["attrs"], "app": ["lib"]})
    outer = uv_lock(in_folder("lib", folder, "attrs"), in_index("attrs", "2"), manifest={"members": members})
    own = uv_lock(in_folder("lib", ".", "attrs"), in_index("attrs", "1"))
    write(tmp_path, {"uv.lock": outer, "packages/lib/uv.lock": own})
    assert requirements(tmp_path) == [f"attrs=={version}"]


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
