"""What a package needs is read from uv.lock as `uv export` reads it.

`recorded/uv.lock` is of uv 0.13.9, with the addresses replaced and three wheels a package; the texts beside it are what
`uv export --no-emit-workspace --no-hashes --no-header --no-annotate --no-dev` made of it for each package and extra.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.uv_lock import UvLock

RECORDED = Path(__file__).with_name("recorded")
LOCAL = {"api", "core", "label"}


def recorded() -> UvLock:
    return UvLock.of(Path("uv.lock"), tomllib.loads((RECORDED / "uv.lock").read_text()))


REAL_ENVIRONMENTS = [
    {"python_full_version": version, "python_version": version[:4], "sys_platform": platform}
    for version in ("3.11.0", "3.11.9", "3.12.0", "3.13.1")
    for platform in ("linux", "win32")
]


def read(lines: str) -> list[set[tuple[str, str]]]:
    """What pip would install of these lines in each environment."""
    requirements = [Requirement(line) for line in lines.splitlines()]
    return [
        {
            (each.name, str(each.specifier))
            for each in requirements
            if each.marker is None or each.marker.evaluate(environment)
        }
        for environment in REAL_ENVIRONMENTS
    ]


def without_hashes(lines: tuple[str, ...]) -> str:
    return "\n".join(line.split(" \\\n")[0] for line in lines)


@pytest.mark.parametrize(
    ("extras", "export"), [((), "core.txt"), (("tables",), "core-tables.txt"), (("full",), "core-full.txt")]
)
def test_a_package_needs_what_uv_exports_for_it(extras: tuple[str, ...], export: str) -> None:
    lines = recorded().requirements("core", extras, direct={"click"}, local=LOCAL)
    assert read(without_hashes(lines)) == read((RECORDED / export).read_text())


def test_with_the_bases_below_it_a_package_has_what_uv_exports_for_it() -> None:
    """uv's export goes into the workspace's other packages; here each has a base of its own."""
    own = read(without_hashes(recorded().requirements("label", (), direct=(), local=LOCAL)))
    below = read(without_hashes(recorded().requirements("core", ("tables",), direct=(), local=LOCAL)))
    assert not any(name == "click" for each in own for name, _ in each)
    assert [one | other for one, other in zip(own, below, strict=True)] == read(
        (RECORDED / "label.txt").read_text()
    )


def test_every_hash_of_a_package_is_taken() -> None:
    (line, *_) = recorded().requirements("core", (), direct=(), local=LOCAL)
    entry = recorded().packages["click"][0]
    hashes = sorted([entry["sdist"]["hash"], *(wheel["hash"] for wheel in entry["wheels"])])
    assert line == " \\\n".join(["click==8.5.1", *(f"    --hash={each}" for each in hashes)])


def test_lines_do_not_depend_on_the_order_of_the_lock_file() -> None:
    tables = tomllib.loads((RECORDED / "uv.lock").read_text())
    for entry in tables["package"]:
        entry.get("dependencies", []).reverse()
    tables["package"].reverse()
    reversed_lock = UvLock.of(Path("uv.lock"), tables)
    of_both = [lock.requirements("label", (), direct=(), local=LOCAL) for lock in (recorded(), reversed_lock)]
    assert of_both[0] == of_both[1]


REGISTRY = {"registry": "https://index.example/simple"}


def package(name: str, *dependencies: dict[str, Any], version: str = "1", **more: Any) -> dict[str, Any]:
    entry = {
        "name": name,
        "version": version,
        "source": REGISTRY,
        "wheels": [{"hash": f"sha256:{name}{version}"}],
    }
    return {**entry, "dependencies": list(dependencies), **more}


def lock(*packages: dict[str, Any]) -> UvLock:
    return UvLock.of(Path("uv.lock"), {"version": 1, "package": list(packages)})


def lines(*packages: dict[str, Any], direct: set[str] | None = None) -> list[str]:
    found = lock(*packages).requirements("app", (), direct=direct or set(), local={"app"})
    return without_hashes(found).split("\n")


def test_what_is_reached_twice_is_needed_where_either_way_is_open() -> None:
    assert lines(
        package("app", {"name": "a", "marker": "python_version < '3.12'"}, {"name": "b"}),
        package("a", {"name": "c"}),
        package("b", {"name": "c", "marker": "sys_platform == 'linux'"}),
        package("c"),
    ) == [
        'a==1 ; python_version < "3.12"',
        "b==1",
        'c==1 ; python_version < "3.12" or sys_platform == "linux"',
    ]


def test_an_or_is_enclosed_where_it_is_one_of_several() -> None:
    either = "os_name == 'nt' or sys_platform == 'linux'"
    assert (
        lines(
            package("app", {"name": "a", "marker": either}),
            package("a", {"name": "b", "marker": "python_version < '3.12'"}),
            package("b"),
        )[1]
        == 'b==1 ; (os_name == "nt" or sys_platform == "linux") and python_version < "3.12"'
    )


def test_an_extra_of_a_third_party_package_brings_its_own() -> None:
    with_extra: dict[str, Any] = {"optional-dependencies": {"fast": [{"name": "b"}], "slow": [{"name": "c"}]}}
    assert lines(
        package("app", {"name": "a", "extra": ["fast"]}),
        package("a", **with_extra),
        package("b"),
        package("c"),
    ) == [
        "a==1",
        "b==1",
    ]


def test_packages_that_need_each_other_are_read_once() -> None:
    assert lines(package("app", {"name": "a"}), package("a", {"name": "b"}), package("b", {"name": "a"})) == [
        "a==1",
        "b==1",
    ]


@pytest.mark.parametrize(
    ("packages", "message"),
    [
        ([package("other")], "uv.lock does not contain the workspace package 'app'; run `uv lock`"),
        (
            [package("app", {"name": "a"})],
            "uv.lock has 0 entries for 'a', expected one; run `uv lock`",
        ),
        (
            [package("app", {"name": "a"}), package("a", source={"git": "https://git.example/a"})],
            "uv.lock: 'a' comes from git, but a base installs from package indexes only; publish it there, or declare "
            "the base by hand",
        ),
        (
            [package("app", {"name": "a"}), package("a", source={"url": "https://files.example/a.whl"})],
            "uv.lock: 'a' comes from url, but a base installs from package indexes only; publish it there, or declare "
            "the base by hand",
        ),
        (
            [package("app", {"name": "a"}), package("a", wheels=[])],
            "uv.lock: 'a' has no hash, because its index gives none; lock it from another index",
        ),
        (
            [package("app", {"name": "a", "marker": "extra == 'extra-3-app-cpu'"}), package("a")],
            "uv.lock: 'a' has the marker extra == 'extra-3-app-cpu', from [tool.uv] conflicts, which pip cannot "
            "evaluate; put a requirements.lock beside the pyproject.toml: uv export --no-emit-workspace",
        ),
    ],
)
def test_a_lock_file_that_does_not_do(packages: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ScopedImagesError) as refused:
        lines(*packages)
    assert str(refused.value) == message


def test_a_lock_file_that_is_older_than_the_package_is_told() -> None:
    with pytest.raises(ScopedImagesError) as refused:
        lines(package("app"), direct={"boto3"})
    assert str(refused.value) == "uv.lock does not contain boto3, which 'app' requires; run `uv lock`"


def test_what_no_supported_python_needs_may_be_missing() -> None:
    app = package("app", {"name": "a"}, metadata={"requires-dist": [{"name": "a"}, {"name": "tomli"}]})
    assert lines(app, package("a"), direct={"a", "tomli"}) == ["a==1"]


def test_a_lock_file_of_another_version_is_told() -> None:
    with pytest.raises(
        ScopedImagesError, match=r"uv\.lock has the format version 2, but only 1 is supported"
    ):
        UvLock.of(Path("uv.lock"), {"version": 2})


MARKERS = ["", "os_name == 'x'", "sys_platform == 'x'", "os_name == 'x' or platform_machine == 'x'"]
VARIABLES = ("os_name", "sys_platform", "platform_machine")
NAMES = ["a", "b", "c", "d"]


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    edge = st.builds(
        lambda name, marker: {"name": name, "marker": marker} if marker else {"name": name},
        st.sampled_from(NAMES),
        st.sampled_from(MARKERS),
    )
    return [package(name, *draw(st.lists(edge, max_size=4))) for name in ("app", *NAMES)]


def environments() -> Iterator[dict[str, str]]:
    for values in itertools.product("xy", repeat=len(VARIABLES)):
        yield dict(zip(VARIABLES, values, strict=True))


def installed(packages: list[dict[str, Any]], environment: dict[str, str]) -> set[str]:
    """What an installer that follows the edges in one environment comes by."""
    edges = {entry["name"]: entry["dependencies"] for entry in packages}
    found: set[str] = set()
    waiting = ["app"]
    while waiting:
        for edge in edges[waiting.pop()]:
            holds = "marker" not in edge or Marker(edge["marker"]).evaluate(environment)
            if holds and edge["name"] not in found:
                found.add(edge["name"])
                waiting.append(edge["name"])
    return found


@given(graphs())
def test_in_every_environment_pip_installs_what_the_edges_lead_to(packages: list[dict[str, Any]]) -> None:
    found = lock(*packages).requirements("app", (), direct=(), local={"app"})
    requirements = [Requirement(line.split(" \\\n")[0]) for line in found]
    for environment in environments():
        taken = {
            each.name for each in requirements if each.marker is None or each.marker.evaluate(environment)
        }
        assert taken == installed(packages, environment)
