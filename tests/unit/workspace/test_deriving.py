"""A base for each shared package that a workload needs, chained as the packages are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from scoped_images.bases.derive import derive_bases
from scoped_images.bases.graph import BaseGraph
from scoped_images.bases.reach import Reach, find_workloads
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.target import Target
from scoped_images.workspace.workspace import Workspace
from tests.unit.workspace.repository import built_from, derived, packages, project, refusal, write


def extras(root: Path, **options: Any) -> dict[str, tuple[str, ...]]:
    return {name: base.extras for name, base in derived(root, **options).items()}


def test_a_diamond_is_built_from_the_arm_that_brings_more(tmp_path: Path) -> None:
    packages(
        tmp_path,
        {
            "api": ["top"],
            "top": ["left", "right"],
            "left": ["core"],
            "right": ["core", "more"],
            "core": [],
            "more": [],
        },
    )
    assert built_from(tmp_path) == {
        "core": (),
        "left": ("core",),
        "more": (),
        "right": ("core", "more"),
        "top": ("right", "left"),
    }


def test_what_a_package_asks_for_in_its_tests_is_a_workload_still(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label"], "dynamo": [], "helper": ["fixtures"], "fixtures": []})
    write(
        tmp_path, {"packages/label/pyproject.toml": project("label", ["dynamo"], {"test": ["api", "helper"]})}
    )
    # The helper needs no label, so that it is the label's for good.
    assert built_from(tmp_path) == {"dynamo": (), "label": ("dynamo",)}


@pytest.mark.parametrize("address", ["file:///${PROJECT_ROOT}/../dynamo", "../dynamo", "file:../dynamo"])
def test_a_folder_in_a_requirement_is_the_package_of_its_name(tmp_path: Path, address: str) -> None:
    packages(tmp_path, {"dynamo": []})
    write(tmp_path, {"api/pyproject.toml": project("api", [f"dynamo @ {address}"])})
    assert built_from(tmp_path) == {"dynamo": ()}


@pytest.mark.parametrize(
    ("workloads", "bases"),
    [
        (["lambdas"], ["dynamo"]),
        (["lambdas/upload", "services/api"], ["dynamo", "other"]),
        ([Path("lambdas/upload")], ["dynamo"]),
        (["api"], ["other"]),
        ([], []),
    ],
)
def test_workloads_are_named_or_their_folders(
    tmp_path: Path, workloads: Sequence[str | Path], bases: list[str]
) -> None:
    packages(tmp_path, {"dynamo": [], "other": []})
    for name in ("upload", "label"):
        write(tmp_path, {f"lambdas/{name}/pyproject.toml": project(name, ["dynamo"])})
    write(tmp_path, {"services/api/pyproject.toml": project("api", ["other"])})
    assert list(built_from(tmp_path, workloads=workloads)) == bases


def test_a_workload_that_is_not_one_is_refused(tmp_path: Path) -> None:
    packages(tmp_path, {"a": [], "b": []})
    assert refusal(tmp_path, workloads=["ap"]) == (
        "workloads: must be packages or folders of ROOT, got 'ap'; known packages are a, b"
    )
    assert refusal(tmp_path, workloads="a") == "workloads: must be a list, got 'a'; use ['a']"
    with pytest.raises(
        ScopedImagesError,
        match="must be one package, got the folder 'packages' with several; name one of a, b",
    ):
        BaseGraph.from_workspace(tmp_path).needs_of("packages")


def test_extras_of_all_who_ask_are_put_together(tmp_path: Path) -> None:
    packages(
        tmp_path,
        {"api": ["label[fast]"], "upload": ["label[full]", "mid"], "mid": ["label[tiny]"], "label": []},
    )
    assert extras(tmp_path)["label"] == ("fast", "full", "tiny")
    assert extras(tmp_path, workloads=["api"])["label"] == ("fast",)


def test_an_extra_brings_packages_of_the_workspace_and_their_extras_if_it_is_requested(
    tmp_path: Path,
) -> None:
    packages(tmp_path, {"api": ["label[full]"], "deep": ["deepest[x]"], "deepest": []})
    label = project("label", [], {"full": ["label[more]"], "more": ["deep"], "other": ["api"]})
    write(tmp_path, {"label/pyproject.toml": label})
    assert built_from(tmp_path) == {"deep": ("deepest",), "deepest": (), "label": ("deep",)}
    assert extras(tmp_path) == {"deep": (), "deepest": ("x",), "label": ("full", "more")}


def test_packages_that_need_each_other_are_in_one_base(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["plug"], "plug": ["core"], "low": [], "job": ["core[all]"]})
    write(tmp_path, {"core/pyproject.toml": project("core", ["low"], {"all": ["plug"]})})
    assert built_from(tmp_path, workloads=["api"]) == {"core": ("low",), "low": (), "plug": ("core",)}
    core = derived(tmp_path)["core"]
    assert (core.needs, [package.name for package in core.packages]) == (("low",), ["core", "plug"])
    assert core.reach.asked_by("core") == ("api", "job")
    assert BaseGraph.from_workspace(tmp_path).needs_of("api") == ("core",)


def test_a_workload_that_its_own_dependency_needs_is_in_the_base_of_both(tmp_path: Path) -> None:
    packages(tmp_path, {"c": ["a"], "b": ["c"], "a": ["b"]})
    (base,) = derived(tmp_path).values()
    assert [package.name for package in base.packages] == ["a", "b", "c"]
    graph = BaseGraph.from_workspace(tmp_path)
    assert [package.name for package in graph.workloads] == ["a"]
    assert graph.needs_of("b") == ("a",)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Packages that depend on others which come after them."""
    names = [f"p{number}" for number in range(draw(st.integers(1, 8)))]
    return {
        name: draw(st.lists(st.sampled_from(names[index + 1 :]), unique=True)) if names[index + 1 :] else []
        for index, name in enumerate(names)
    }


def reach_of(needs: dict[str, list[str]]) -> Reach:
    root, target = Path("/nowhere"), Target("3.13")
    packages = {
        name: Package(
            name=name,
            folder=root / name,
            dependencies=tuple(Dependency(requirement=Requirement(each)) for each in dependencies),
        )
        for name, dependencies in sorted(needs.items())
    }
    workspace = Workspace(root=root, is_uv=True, packages=packages)
    return Reach(workspace, find_workloads(workspace, None, target), target)


def reached(needs: dict[str, tuple[str, ...]], names: tuple[str, ...]) -> set[str]:
    return set(names).union(*(reached(needs, needs[name]) for name in names))


@given(graphs())
def test_the_bases_of_a_workload_bring_what_its_package_depends_on_and_each_is_needed(
    needs: dict[str, list[str]],
) -> None:
    reach = reach_of(needs)
    bases = {base.name: base.needs for base in derive_bases(reach)}
    declared = {name: tuple(each) for name, each in needs.items()}
    for name, direct in needs.items():
        cover = bases[name] if name in bases else reach.needs_of(name)
        assert set(cover) <= set(direct)
        assert reached(bases, cover) == reached(declared, tuple(direct))
        for left_out in cover:
            rest = tuple(each for each in cover if each != left_out)
            assert left_out not in reached(bases, rest)


@given(graphs())
def test_the_order_of_packages_and_dependencies_decides_nothing(needs: dict[str, list[str]]) -> None:
    shuffled = {name: sorted(each, reverse=True) for name, each in reversed(needs.items())}
    one, other = derive_bases(reach_of(needs)), derive_bases(reach_of(shuffled))
    assert [(base.name, base.needs) for base in one] == [(base.name, base.needs) for base in other]
