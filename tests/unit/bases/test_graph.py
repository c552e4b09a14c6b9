"""Base images are checked as a whole, and come in an order in which they can be built."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoped_images.bases import graph
from scoped_images.bases.declaration import BaseDeclaration
from scoped_images.bases.graph import BaseGraph
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.workspace import lock_files
from scoped_images.workspace.tables import read_toml
from tests.refusals import refused
from tests.unit.workspace.repository import in_folder, packages, project, uv_lock, write

CONTEXT = ScopedContext(
    root=Path("/"), dockerfile=Path("/Dockerfile"), files=(), dockerfile_bytes=b"FROM scratch\n"
)


def base(name: str, *needs: str, **options: Any) -> BaseDeclaration:
    return BaseDeclaration(name=name, context=CONTEXT, needs=needs, **options)


def test_what_is_needed_comes_first_and_then_names_decide() -> None:
    declarations = [base("b"), base("a", "z"), base("z"), base("c", "b", "a"), base("d", "z")]
    for several in (declarations, declarations[::-1]):
        assert [each.name for each in BaseGraph.of(several).order()] == ["b", "z", "a", "d", "c"]


def test_the_first_need_is_what_it_is_built_from_and_the_others_have_names() -> None:
    declaration = base("top", "right", "left", "far")
    assert declaration.base == "right"
    assert declaration.named_bases == {"base-left": "left", "base-far": "far"}
    assert base("alone").base is None


@pytest.mark.parametrize(
    ("declarations", "message"),
    [
        (
            [base("a", "b"), base("c")],
            "bases: 'a' needs an unknown base, got 'b'; known are a, c",
        ),
        (
            [base("a"), base("a", "b"), base("b")],
            "bases: each must have a name of its own, got 'a' twice; rename one",
        ),
        (
            [base("c", "a"), base("b", "c"), base("a", "b"), base("d", "a")],
            "bases: must not need each other in a cycle, got a → b → c → a; remove one of these needs",
        ),
        (
            [base("a", "a")],
            "bases: must not need each other in a cycle, got a → a; remove one of these needs",
        ),
    ],
)
def test_a_graph_that_cannot_be_built(declarations: Sequence[BaseDeclaration], message: str) -> None:
    with refused(message):
        BaseGraph.of(declarations)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (base("a"), ": must be a list of BaseDeclaration, got BaseDeclaration; use [BaseDeclaration(…)]"),
        ({"a": base("a")}, ": must be a list of BaseDeclaration, got dict; use [BaseDeclaration(…)]"),
        (None, ": must be a list of BaseDeclaration, got NoneType; use [BaseDeclaration(…)]"),
        ([base("a"), "b"], "[1]: must be BaseDeclaration, got str 'b'; use [BaseDeclaration(…)]"),
    ],
)
def test_declarations_are_a_list(given: Any, message: str) -> None:
    with refused(f"bases{message}"):
        BaseGraph.of(given)
    with refused(f"declared{message}"):
        BaseGraph.from_workspace(".", declared=given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exclude": "packages"}, "exclude: must be a list, got 'packages'; use ['packages']"),
        ({"exclude": None}, "exclude: must be a list, got None; use [None]"),
        ({"packages": "packages/*"}, "packages: must be a list, got 'packages/*'; use ['packages/*']"),
        ({"platforms": 1}, "platforms: must be a list, got 1; use [1]"),
        ({"workload_bases": "no"}, "workload_bases: must be bool, got str 'no'; use True or False"),
    ],
)
def test_an_option_of_the_derivation_has_its_type(options: dict[str, Any], message: str) -> None:
    with refused(message):
        BaseGraph.from_workspace(".", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            (
                {"name": name},
                f"name of a base image: must be lower-case letters and digits with single dashes between, got {name!r}; "
                "use a name such as 'shared-data'",
            )
            for name in ("", "A", "a_b", "a--b", "-a", "a-", "a/b", 3)
        ),
        (
            {"context": "packages/a"},
            "context of base image 'a': must be ScopedContext, got str 'packages/a'; use ScopedContext.of(directory), or "
            "a function from a platform to one",
        ),
        ({"needs": "b"}, "needs of base image 'a': must be a list, got 'b'; use ['b']"),
        ({"needs": 3}, "needs of base image 'a': must be a list, got 3; use [3]"),
        (
            {"needs": ["b", "b"]},
            "needs of base image 'a': must name each base once, got 'b' twice; remove one",
        ),
        ({"platforms": 3}, "platforms of base image 'a': must be a list, got 3; use [3]"),
        (
            {"platforms": ["linux/mips"]},
            "platforms of base image 'a': must be one of 'linux/amd64', 'linux/arm64', got 'linux/mips'",
        ),
        (
            {"build_args": ["A=1"]},
            "build_args of base image 'a': must be Mapping, got list; use values by name, {'VERSION': '1'}",
        ),
        (
            {"build_secrets": ["pw"]},
            "build_secrets of base image 'a': must be Mapping, got list; use 'src=<path>' or 'env=<variable>' by id",
        ),
        ({"target": 3}, "target of base image 'a': must be str, got int 3; use the name of a stage"),
    ],
)
def test_an_option_of_a_declaration_that_is_not_valid(options: dict[str, Any], message: str) -> None:
    with refused(message):
        BaseDeclaration(**{"name": "a", "context": CONTEXT, **options})


def test_a_context_may_be_made_by_a_function_and_platforms_be_named() -> None:
    made = BaseDeclaration(name="a", context=lambda _: CONTEXT, platforms=("linux/arm64",))  # type: ignore[arg-type]
    assert made.platforms == (Platform.LINUX_ARM64,)


def test_what_is_declared_by_hand_wins(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label"], "label": ["dynamo"], "dynamo": []})
    chroma, dynamo = base("chroma"), base("dynamo", "chroma")
    found = BaseGraph.from_workspace(tmp_path, declared=[chroma, dynamo])
    assert [declaration.name for declaration in found.order()] == ["chroma", "dynamo", "label"]
    assert found.declarations["dynamo"] is dynamo
    assert found.declarations["label"].needs == ("dynamo",)


def test_what_comes_by_an_extra_of_another_workload_is_not_needed_again(tmp_path: Path) -> None:
    packages(tmp_path, {"dynamo": [], "api": ["label[full]"], "upload": ["label", "dynamo"]})
    write(tmp_path, {"packages/label/pyproject.toml": project("label", (), {"full": ["dynamo"]})})
    write(tmp_path, {"packages/label/src/label/__init__.py": ""})
    assert BaseGraph.from_workspace(tmp_path).needs_of("upload") == ("label",)
    alone = BaseGraph.from_workspace(tmp_path, workloads=["upload"])
    assert alone.needs_of("upload") == ("dynamo", "label")


def test_a_workload_that_was_not_derived_for(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["label"], "other": ["dynamo"], "label": [], "dynamo": []})
    found = BaseGraph.from_workspace(tmp_path, workloads=["api"])
    with refused(
        "workloads: 'dynamo', which 'other' needs, has no base, got bases label; add 'other' to workloads="
    ):
        found.needs_of("other")


def test_without_a_workspace_a_workload_has_no_needs() -> None:
    with refused(
        "workload: must be of a workspace that the bases are derived from, got 'api'; use BaseGraph.from_workspace, or "
        "name the base yourself"
    ):
        BaseGraph.of([base("a")]).needs_of("api")


NAMES = st.sampled_from([f"n{number}" for number in range(7)])
ANY_GRAPH = st.dictionaries(NAMES, st.sets(NAMES), min_size=1).map(
    lambda graph: {name: needs & set(graph) for name, needs in graph.items()}
)


def declarations_of(graph: Mapping[str, set[str]]) -> list[BaseDeclaration]:
    return [base(name, *sorted(needs)) for name, needs in graph.items()]


def reaches_itself(graph: Mapping[str, set[str]], name: str) -> bool:
    seen: set[str] = set()
    waiting = list(graph[name])
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += graph[current]
    return name in seen


@given(ANY_GRAPH)
def test_a_graph_has_an_order_if_and_only_if_it_has_no_cycle(graph: dict[str, set[str]]) -> None:
    declarations = declarations_of(graph)
    if any(reaches_itself(graph, name) for name in graph):
        with pytest.raises(ScopedImagesError, match="in a cycle") as refused:
            BaseGraph.of(declarations)
        circle = str(refused.value).split(", got ")[1].split("; ")[0].split(" → ")
        assert circle[0] == circle[-1]
        assert all(need in graph[name] for name, need in pairwise(circle))
    else:
        names = [declaration.name for declaration in BaseGraph.of(declarations).order()]
        assert sorted(names) == sorted(graph)
        assert all(names.index(need) < names.index(name) for name in graph for need in graph[name])


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("count", "printed"), [(3, ""), (4, "reading 4 packages of")])
def test_reading_many_packages_is_announced_and_reads_their_lock_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, printed: str
) -> None:
    monkeypatch.setattr(graph, "_MANY", 3)
    names = [f"p{number}" for number in range(count)]
    packages(tmp_path, {"app": names, **{name: [] for name in names}})
    lock = uv_lock(*(in_folder(name, f"packages/{name}") for name in ("app", *names)))
    write(tmp_path, {"uv.lock": lock})
    read: list[Path] = []

    def reading(path: Path) -> dict[str, Any]:
        read.append(path)
        return read_toml(path)

    monkeypatch.setattr(lock_files, "read_toml", reading)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert len(BaseGraph.from_workspace(tmp_path).declarations) == count
    assert printed in terminal.getvalue()
    assert bool(printed) == bool(terminal.getvalue())
    assert read == [tmp_path / "uv.lock"]
