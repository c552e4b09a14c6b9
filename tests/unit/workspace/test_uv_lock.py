"""What a package needs is read from uv.lock as `uv export` reads it.

`recorded/uv.lock` is of uv 0.13.9, with the addresses replaced and three wheels a package; the texts beside it are what
`uv export --no-emit-workspace --no-hashes --no-header --no-annotate --no-dev` made of it for each package and extra.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement

from scoped_images.platform import Platform
from scoped_images.workspace.lock import Lock
from scoped_images.workspace.locked_lines import locked_lines
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.request import Request
from scoped_images.workspace.target import Target
from scoped_images.workspace.uv_lock import read_uv_lock
from scoped_images.workspace.workspace import Workspace
from tests.refusals import refused

RECORDED = Path(__file__).with_name("recorded")
ROOT = Path("/repository")
FOLDERS = {"core": ROOT / "packages/core", "label": ROOT / "packages/label", "app": ROOT / "app"}


def recorded() -> Lock:
    return read_uv_lock(ROOT / "uv.lock", tomllib.loads((RECORDED / "uv.lock").read_text()))


def requirements(
    lock: Lock,
    name: str,
    *extras: str,
    direct: Collection[str] = (),
    target: Target = Target(),  # noqa: B008 - frozen
    asked: Mapping[str, Collection[str]] | None = None,
) -> tuple[str, ...]:
    package = Package(
        name=name,
        folder=FOLDERS[name],
        dependencies=tuple(Dependency(requirement=Requirement(each)) for each in direct),
        extras=dict.fromkeys(extras, ()),
    )
    request = Request(
        workspace=Workspace(root=ROOT, packages={}),
        package=package,
        target=target,
        extras=frozenset(extras),
        asked=asked or {name: extras},
    )
    found = locked_lines(request, lock)
    return tuple(line.text for line in found)


REAL_ENVIRONMENTS = [
    {"python_full_version": f"{version}.{patch}", "python_version": version, "platform_machine": machine}
    for version in ("3.11", "3.12", "3.13")
    for patch in (0, 9)
    for machine in ("x86_64", "aarch64")
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
    lines = requirements(recorded(), "core", *extras, direct={"click"})
    assert read(without_hashes(lines)) == read((RECORDED / export).read_text())


def test_with_the_bases_below_it_a_package_has_what_uv_exports_for_it() -> None:
    """uv's export goes into the workspace's other packages; here each has a base of its own."""
    own = read(without_hashes(requirements(recorded(), "label")))
    below = read(without_hashes(requirements(recorded(), "core", "tables")))
    assert not any(name == "click" for each in own for name, _ in each)
    assert [one | other for one, other in zip(own, below, strict=True)] == read(
        (RECORDED / "label.txt").read_text()
    )


def test_every_hash_of_a_package_is_taken() -> None:
    (line, *_) = requirements(recorded(), "core")
    (entry,) = [
        each
        for each in tomllib.loads((RECORDED / "uv.lock").read_text())["package"]
        if each["name"] == "click"
    ]
    hashes = sorted([entry["sdist"]["hash"], *(wheel["hash"] for wheel in entry["wheels"])])
    assert line == " \\\n".join(["click==8.5.1", *(f"    --hash={each}" for each in hashes)])


def test_lines_do_not_depend_on_the_order_of_the_lock_file() -> None:
    tables = tomllib.loads((RECORDED / "uv.lock").read_text())
    for entry in tables["package"]:
        entry.get("dependencies", []).reverse()
    tables["package"].reverse()
    reversed_lock = read_uv_lock(ROOT / "uv.lock", tables)
    of_both = [requirements(lock, "label") for lock in (recorded(), reversed_lock)]
    assert of_both[0] == of_both[1]


REGISTRY = {"registry": "https://index.example/simple"}


def package(name: str, *dependencies: dict[str, Any], version: str = "1", **more: Any) -> dict[str, Any]:
    entry = {
        "name": name,
        "version": version,
        "source": {"editable": "app"} if name == "app" else REGISTRY,
        "wheels": [{"hash": f"sha256:{name}{version}"}],
    }
    return {**entry, "dependencies": list(dependencies), **more}


def lock(*packages: dict[str, Any]) -> Lock:
    return read_uv_lock(ROOT / "uv.lock", {"version": 1, "package": list(packages)})


def lines(*packages: dict[str, Any], direct: set[str] | None = None, **asked: Any) -> list[str]:
    return without_hashes(requirements(lock(*packages), "app", direct=direct or set(), **asked)).split("\n")


def test_a_condition_that_another_includes_is_not_repeated() -> None:
    early = {"marker": "python_version < '3.12'"}
    assert lines(
        package("app", {"name": "a", **early}, {"name": "b", **early}),
        package("a", {"name": "b", "marker": "platform_machine == 'x86_64'"}),
        package("b"),
    ) == ['a==1 ; python_version < "3.12"', 'b==1 ; python_version < "3.12"']


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


@pytest.mark.parametrize(
    ("packages", "message"),
    [
        ([package("other")], "uv.lock does not contain the package 'app'; run `uv lock`"),
        (
            [package("app", {"name": "a"})],
            "uv.lock has no entry for 'a'; run `uv lock`",
        ),
        (
            [package("app", {"name": "a"}), package("a"), package("a", version="2")],
            "uv.lock has 2 entries for 'a', expected one; run `uv lock`",
        ),
        (
            [package("app", {"name": "a"}), package("a", source={"git": "https://git.example/a"})],
            "uv.lock: 'a' comes from git, but a base installs from package indexes only; publish it there, or declare "
            "the base by hand",
        ),
        ([package("app")], "uv.lock does not contain boto3, which 'app' requires; run `uv lock`"),
    ],
)
def test_a_lock_file_that_does_not_do(packages: list[dict[str, Any]], message: str) -> None:
    direct = {"boto3"} if packages == [package("app")] else set()
    with refused(f"{ROOT}/{message}"):
        lines(*packages, direct=direct)


def test_an_index_without_hashes_leaves_all_lines_without() -> None:
    found = requirements(
        lock(package("app", {"name": "a"}, {"name": "b"}), package("a", wheels=[]), package("b")), "app"
    )
    assert found == ("a==1", "b==1")


CPU = {"name": "a", "marker": "extra == 'extra-3-app-cpu'"}
GPU = {"name": "b", "marker": "sys_platform == 'linux' and extra == 'extra-3-app-gpu'"}
GROUP = {"name": "c", "marker": "extra == 'group-3-app-dev' or extra == 'extra-3-app-gpu'"}
BOTH = {"name": "d", "marker": "extra != 'extra-3-app-cpu' or extra != 'extra-3-app-gpu'"}


@pytest.mark.parametrize(("extra", "names"), [("cpu", ["a", "d"]), ("gpu", ["b", "c", "d"]), ("", ["d"])])
def test_conflicts_are_evaluated_with_the_requested_extras_and_groups_never(
    extra: str, names: list[str]
) -> None:
    app = package("app", CPU, GPU, GROUP, BOTH)
    asked = {"app": {extra} - {""}}
    assert lines(app, *map(package, "abcd"), asked=asked) == [f"{name}==1" for name in names]


def test_what_the_target_never_needs_is_left_out_and_what_it_always_needs_has_no_marker() -> None:
    on = {
        "a": "sys_platform == 'win32'",
        "b": "python_full_version >= '3.12'",
        "c": "python_version < '3.12'",
        "d": "platform_machine == 'x86_64'",
        "e": "python_full_version >= '3.13.2'",
    }
    app = package("app", *({"name": name, "marker": marker} for name, marker in on.items()))
    assert lines(app, *map(package, on), target=Target("3.13", (Platform.LINUX_ARM64,))) == [
        "b==1",
        'e==1 ; python_full_version >= "3.13.2"',
    ]


def test_what_no_supported_python_needs_may_be_missing() -> None:
    app = package("app", {"name": "a"}, metadata={"requires-dist": [{"name": "a"}, {"name": "tomli"}]})
    assert lines(app, package("a"), direct={"a", "tomli"}) == ["a==1"]


def test_a_lock_file_of_another_version_is_refused() -> None:
    with refused(
        f"{ROOT}/uv.lock: the format version must be 1, got 2; lock it with another uv, or put a requirements.lock "
        "beside the pyproject.toml: uv export --no-emit-workspace --package NAME"
    ):
        read_uv_lock(ROOT / "uv.lock", {"version": 2})


LATER, X86 = "python_full_version >= '3.13.5'", "platform_machine == 'x86_64'"
MARKERS = ["", LATER, X86, "os_name == 'nt'", f"{LATER} or {X86}", f"{LATER} and {X86}"]
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
    for patch, machine in itertools.product("09", ("x86_64", "aarch64")):
        yield {
            "python_full_version": f"3.13.{patch}",
            "platform_machine": machine,
            "os_name": "posix",
        }


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
    found = requirements(lock(*packages), "app", target=Target("3.13"))
    read = [Requirement(line.split(" \\\n")[0]) for line in found]
    for environment in environments():
        taken = {each.name for each in read if each.marker is None or each.marker.evaluate(environment)}
        assert taken == installed(packages, environment)
