"""A base for each shared package that a workload needs, chained as the packages are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from scoped_images.bases.derive import derive_bases
from scoped_images.bases.derived_base import PUBLIC_IMAGE
from scoped_images.bases.graph import BaseGraph
from scoped_images.bases.reach import Reach, find_workloads
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.target import Target
from scoped_images.workspace.workspace import Workspace
from tests.refusals import refused
from tests.unit.workspace.repository import packages, project, write


def derived(
    root: Path, workloads: Sequence[str | Path] | None = None, declared: tuple[str, ...] = ()
) -> dict[str, tuple[str, ...]]:
    bases = derive_bases(Workspace.read(root), workloads=workloads, declared=declared)
    return {base.name: base.needs for base in bases}


def extras(root: Path, workloads: list[str] | None = None) -> dict[str, list[str]]:
    return {
        base.name: sorted(base.extras[base.name])
        for base in derive_bases(Workspace.read(root), workloads=workloads)
    }


def test_each_base_of_a_chain_is_built_from_one_base(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label"], "label": ["dynamo"], "dynamo": []})
    assert derived(tmp_path) == {"dynamo": (), "label": ("dynamo",)}


def test_what_comes_with_another_base_is_not_needed_again(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label", "dynamo"], "label": ["dynamo"], "dynamo": []})
    assert BaseGraph.from_workspace(tmp_path).needs_of("api") == ("label",)


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
    assert derived(tmp_path) == {
        "core": (),
        "left": ("core",),
        "more": (),
        "right": ("core", "more"),
        "top": ("right", "left"),
    }


def test_a_package_that_no_workload_needs_has_no_base(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["dynamo"], "tool": ["unused"], "unused": [], "dynamo": []})
    assert derived(tmp_path, ["api"]) == {"dynamo": ()}


def test_what_a_package_asks_for_in_its_tests_is_a_workload_still(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label"], "dynamo": []})
    write(
        tmp_path, {"packages/label/pyproject.toml": project("label", ["dynamo"], {"test": ["api", "helper"]})}
    )
    packages(tmp_path, {"helper": ["fixtures"], "fixtures": []})
    # The helper needs no label, so that it is the label's for good.
    assert derived(tmp_path) == {"dynamo": (), "label": ("dynamo",)}


@pytest.mark.parametrize("address", ["file:///${PROJECT_ROOT}/../dynamo", "../dynamo", "file:../dynamo"])
def test_a_folder_in_a_requirement_is_the_package_of_its_name(tmp_path: Path, address: str) -> None:
    packages(tmp_path, {"dynamo": []})
    write(tmp_path, {"api/pyproject.toml": project("api", [f"dynamo @ {address}"])})
    assert derived(tmp_path) == {"dynamo": ()}


def test_workloads_are_named_by_folder_too(tmp_path: Path) -> None:
    packages(tmp_path, {"dynamo": [], "other": []})
    for name in ("upload", "label"):
        write(tmp_path, {f"lambdas/{name}/pyproject.toml": project(name, ["dynamo"])})
    write(tmp_path, {"services/api/pyproject.toml": project("api", ["other"])})
    assert derived(tmp_path, ["lambdas"]) == {"dynamo": ()}
    assert derived(tmp_path, ["lambdas/upload", "services/api"]) == {"dynamo": (), "other": ()}
    assert derived(tmp_path, [Path("lambdas/upload")]) == {"dynamo": ()}
    assert derived(tmp_path, []) == {}


def test_an_unknown_workload_is_an_error(tmp_path: Path) -> None:
    packages(tmp_path, {"api": []})
    with refused(f"workloads: 'ap' is neither a package nor a folder in {tmp_path}; known packages: api"):
        derived(tmp_path, ["ap"])


def test_workloads_are_a_list(tmp_path: Path) -> None:
    packages(tmp_path, {"api": []})
    with pytest.raises(ScopedImagesError, match=r"workloads: must be a list, got 'api'; use \['api'\]"):
        derived(tmp_path, "api")


def test_a_folder_with_several_packages_has_no_needs_of_its_own(tmp_path: Path) -> None:
    packages(tmp_path, {"a": [], "b": []})
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
    assert extras(tmp_path)["label"] == ["fast", "full", "tiny"]
    assert extras(tmp_path, ["api"])["label"] == ["fast"]


def test_an_extra_brings_packages_of_the_workspace_and_their_extras(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label[full]"], "deep": ["deepest[x]"], "deepest": []})
    write(
        tmp_path, {"label/pyproject.toml": project("label", [], {"full": ["label[more]"], "more": ["deep"]})}
    )
    assert derived(tmp_path) == {"deep": ("deepest",), "deepest": (), "label": ("deep",)}
    assert extras(tmp_path) == {"deep": [], "deepest": ["x"], "label": ["full", "more"]}


def test_an_extra_that_nothing_requests_adds_nothing(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label"], "deep": []})
    write(tmp_path, {"label/pyproject.toml": project("label", [], {"full": ["deep"]})})
    assert derived(tmp_path) == {"label": ()}


def test_an_extra_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, {"api/pyproject.toml": project("api", ["label[ful]"])})
    write(tmp_path, {"label/pyproject.toml": project("label", [], {"full": []})})
    with refused(
        f"label[ful]: {tmp_path}/label/pyproject.toml does not declare this extra; it declares: full"
    ):
        derived(tmp_path)


def test_packages_that_need_each_other_are_in_one_base(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["plug"], "plug": ["core"], "low": [], "job": ["core[all]"]})
    write(tmp_path, {"core/pyproject.toml": project("core", ["low"], {"all": ["plug"]})})
    assert derived(tmp_path, ["api"]) == {"core": ("low",), "low": (), "plug": ("core",)}
    (core, _) = derive_bases(Workspace.read(tmp_path))
    assert (core.name, core.needs, core.asked_by) == ("core", ("low",), ("api", "job"))
    assert [package.name for package in core.packages] == ["core", "plug"]
    assert BaseGraph.from_workspace(tmp_path).needs_of("api") == ("core",)


def test_a_workload_that_its_own_dependency_needs_is_in_the_base_of_both(tmp_path: Path) -> None:
    packages(tmp_path, {"c": ["a"], "b": ["c"], "a": ["b"]})
    (base,) = derive_bases(Workspace.read(tmp_path))
    assert [package.name for package in base.packages] == ["a", "b", "c"]
    assert BaseGraph.from_workspace(tmp_path).needs_of("b") == ("a",)


def test_what_is_declared_by_hand_is_not_derived_and_still_stood_on(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label"], "label": ["dynamo"], "dynamo": []})
    assert derived(tmp_path, declared=("dynamo",)) == {"label": ("dynamo",)}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Packages that depend on others which come after them."""
    names = [f"p{number}" for number in range(draw(st.integers(1, 8)))]
    return {
        name: draw(st.lists(st.sampled_from(names[index + 1 :]), unique=True)) if names[index + 1 :] else []
        for index, name in enumerate(names)
    }


def workspace_of(needs: dict[str, list[str]]) -> Workspace:
    root = Path("/nowhere")
    return Workspace(
        root=root,
        is_uv=True,
        packages={
            name: Package(
                name=name,
                folder=root / name,
                dependencies=tuple(Dependency(requirement=Requirement(each)) for each in dependencies),
            )
            for name, dependencies in sorted(needs.items())
        },
    )


def reached(needs: dict[str, tuple[str, ...]], names: tuple[str, ...]) -> set[str]:
    return set(names).union(*(reached(needs, needs[name]) for name in names))


@given(graphs())
def test_the_bases_of_a_workload_bring_what_its_package_depends_on_and_each_is_needed(
    needs: dict[str, list[str]],
) -> None:
    workspace = workspace_of(needs)
    bases = {base.name: base.needs for base in derive_bases(workspace)}
    target = Target.of_image(PUBLIC_IMAGE, python=None)
    reach = Reach(workspace, find_workloads(workspace, None, target), target)
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
    one, other = derive_bases(workspace_of(needs)), derive_bases(workspace_of(shuffled))
    assert [(base.name, base.needs) for base in one] == [(base.name, base.needs) for base in other]
