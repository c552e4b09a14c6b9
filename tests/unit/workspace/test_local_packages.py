"""Which requirements mean a package of the repository, and which one of an index."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import pytest

from scoped_images.bases.graph import BaseGraph
from scoped_images.platform import Platform
from scoped_images.workspace.pyproject import read_package
from scoped_images.workspace.workspace import Workspace
from tests.refusals import refused
from tests.unit.workspace.repository import (
    HASH,
    built_from,
    derived,
    in_folder,
    in_index,
    packages,
    project,
    refusal,
    uv_lock,
    write,
)


def test_dynamic_dependencies_are_read_from_the_file_that_setuptools_reads(tmp_path: Path) -> None:
    app = (
        '[project]\nname = "app"\ndynamic = ["dependencies", "optional-dependencies"]\n'
        '[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.in"] }\n'
        'optional-dependencies.more = { file = "more.in" }\n'
    )
    write(tmp_path, {"app/pyproject.toml": app, "app/requirements.in": "# ours\n-c x\nlabel  # yes\n"})
    write(tmp_path, {"app/more.in": "extra\n", "job/pyproject.toml": project("job", ["app[more]"])})
    packages(tmp_path, {"label": [], "extra": []})
    assert built_from(tmp_path) == {
        "app": ("extra", "label"),
        "extra": (),
        "label": (),
    }


def test_dynamic_dependencies_are_read_from_the_settings_of_hatchs_plug_ins(tmp_path: Path) -> None:
    hook = (
        '[project]\nname = "app"\ndynamic = ["version", "dependencies", "optional-dependencies"]\n'
        "[tool.hatch.metadata.hooks."
    )
    versions = f"{hook}uv-dynamic-versioning]\ndependencies = ['lib[fast]=={{{{ version }}}}', 'attrs>=1']\n"
    files = (
        f"{hook}requirements_txt]\nfiles = ['all.txt']\noptional-dependencies = {{ more = ['more.txt'] }}\n"
    )
    write(tmp_path, {"app/all.txt": "lib[fast]\nattrs>=1\n", "app/more.txt": "idna\n"})
    for text in (f"{versions}optional-dependencies = {{ more = ['idna'] }}\n", files):
        package = read_package(tmp_path / "app", tomllib.loads(text))
        assert package is not None
        assert not package.unknown_dependencies
        assert [str(each.requirement) for each in package.declared] == ["lib[fast]", "attrs>=1", "idna"]


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("lib[fast]>={{ version }},<2", "lib[fast]<2"),
        ("lib~={{ major }}.{{ minor }}", "lib"),
        ("lib=={{version}},!=3", "lib!=3"),
        ("lib (>=1, <{{ f(1, 2) }}) ; os_name == 'nt'", 'lib>=1; os_name == "nt"'),
    ],
)
def test_a_version_that_hatchs_plug_in_takes_from_git_is_left_out(
    tmp_path: Path, line: str, requirement: str
) -> None:
    text = '[project]\nname = "app"\ndynamic = ["version", "dependencies"]\n[tool.hatch.metadata.hooks.'
    package = read_package(
        tmp_path, tomllib.loads(f'{text}uv-dynamic-versioning]\ndependencies = ["{line}"]\n')
    )
    assert package is not None
    assert [str(each.requirement) for each in package.declared] == [requirement]


def test_dynamic_dependencies_are_read_from_the_lock(tmp_path: Path) -> None:
    packages(tmp_path, {"label": []})
    write(tmp_path, {"app/pyproject.toml": '[project]\nname = "app"\ndynamic = ["dependencies"]\n'})
    lock = uv_lock(in_folder("app", "app", "label"), in_folder("label", "packages/label"))
    write(tmp_path, {"uv.lock": lock})
    assert list(derived(tmp_path)) == ["label"]


def test_dynamic_dependencies_that_nothing_tells_are_warned_of(tmp_path: Path) -> None:
    packages(tmp_path, {"label": [], "job": ["label"]})
    write(tmp_path, {"app/pyproject.toml": '[project]\nname = "app"\ndynamic = ["dependencies"]\n'})
    graph = BaseGraph.from_workspace(tmp_path)
    assert [warning.replace(str(tmp_path), "ROOT") for warning in graph.warnings] == [
        "workspace: ROOT/app/pyproject.toml has dynamic dependencies, which only its build backend knows, so that bases "
        "for 'app' may be missing; declare them in its [project] table, or lock it"
    ]


@pytest.mark.parametrize("dynamic", ["", 'dynamic = ["dependencies"]\n'])
def test_poetrys_dependencies_count_if_the_project_table_has_none(tmp_path: Path, dynamic: str) -> None:
    poetry = '[tool.poetry.dependencies]\nlabel = { path = "../packages/label" }\n'
    packages(tmp_path, {"label": []})
    write(tmp_path, {"app/pyproject.toml": f'[project]\nname = "app"\nversion = "1"\n{dynamic}{poetry}'})
    assert list(derived(tmp_path)) == ["label"]


def test_a_version_that_the_package_does_not_have_is_of_an_index(tmp_path: Path) -> None:
    write(tmp_path, {"lib/pyproject.toml": project("lib").replace("0.1.0", "2.0")})
    write(tmp_path, {"core/pyproject.toml": project("core", ["lib==1.0"])})
    write(tmp_path, {"app/pyproject.toml": project("app", ["core"])})
    write(tmp_path, {"core/requirements.lock": f"lib==1.0 --hash={HASH}\n"})
    (core,) = derived(tmp_path, workloads=["app"]).values()
    assert core.requirements.text == f"--require-hashes\nlib==1.0 --hash={HASH}\n"


def test_a_name_that_the_lock_takes_from_an_index_is_not_the_package(tmp_path: Path) -> None:
    packages(tmp_path, {"python-dateutil": []})
    write(tmp_path, {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*", "core", "app"]\n'})
    write(tmp_path, {"core/pyproject.toml": project("core", ["python-dateutil"])})
    write(tmp_path, {"app/pyproject.toml": project("app", ["core"])})
    core = in_folder("core", "core", "python-dateutil")
    write(tmp_path, {"uv.lock": uv_lock(core, in_index("python-dateutil", "2.9.0"))})
    (base,) = derived(tmp_path, workloads=["app"]).values()
    assert "python-dateutil==2.9.0" in base.requirements.text


def test_the_entry_of_a_namesake_in_an_index_is_not_the_packages_own(tmp_path: Path) -> None:
    more = '[tool.uv.sources]\npython-dateutil = { path = "../packages/python-dateutil" }\n'
    packages(tmp_path, {"python-dateutil": []})
    write(tmp_path, {"app/pyproject.toml": project("app", ["python-dateutil"], more=more)})
    write(tmp_path, {"uv.lock": uv_lock(in_index("python-dateutil", "2.9.0"), in_index("six", "1"))})
    (base,) = derived(tmp_path).values()
    assert (base.requirements.text, base.requirements.version) == ("", None)


@pytest.mark.parametrize(
    ("marker", "needed"),
    [
        ("sys_platform == 'win32'", False),
        ("python_version < '3.13'", False),
        ("python_version >= '3.13'", True),
        ("platform_machine == 'aarch64'", True),
        ("platform_machine == 'x86_64'", False),
    ],
)
def test_a_marker_that_the_target_does_not_meet_is_no_dependency(
    tmp_path: Path, marker: str, needed: bool
) -> None:
    packages(tmp_path, {"lib": []})
    write(tmp_path, {"app/pyproject.toml": project("app", [f"lib; {marker}"])})
    found = derived(tmp_path, workloads=["app"], platforms=[Platform.LINUX_ARM64])
    assert list(found) == (["lib"] if needed else [])


def test_a_package_with_setup_files_only_is_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "old/setup.py": "import setuptools\nNEEDS = ['deep[x]']\n"
            "setuptools.setup(name='Old', install_requires=NEEDS + ['x'])\n",
            "deep/setup.cfg": "[metadata]\nname = deep\nversion = 1.5\n"
            "[options]\ninstall_requires =\n    # why\n    lib\n[options.extras_require]\nx = file: x.txt\n",
            "deep/x.txt": "extra\n",
            "lib/setup.py": "import setuptools\nsetuptools.setup()\n",
            "lib/setup.cfg": "[metadata]\nname = lib\n",
            "tool/setup.cfg": "[flake8]\nmax-line-length = 100\n",
            "app/pyproject.toml": project("app", ["old"]),
        },
    )
    found = derived(tmp_path)
    assert {name: base.needs for name, base in found.items()} == {
        "deep": ("lib",),
        "lib": (),
        "old": ("deep",),
    }
    assert [found[name].requirements.text for name in ("old", "deep")] == ["x\n", "extra\n"]
    assert found["old"].packages[0].declared_in == tmp_path / "old/setup.py"


def test_mistakes_that_no_workload_reaches_stop_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": []})
    write(
        tmp_path,
        {
            "template/{{ name }}/pyproject.toml": '[project]\nname = "{{ name }}"\ndependencies = ["{{ x }}"]\n',
            "broken/pyproject.toml": "[project\n",
            "one/pyproject.toml": project("same", ["nowhere @ file:///nowhere"]),
            "two/pyproject.toml": project("same"),
            "tests/fixtures/pyproject.toml": project("fixture", ["same"]),
            "lost/pyproject.toml": '[tool.poetry]\nname = "lost"\n[tool.poetry.dependencies]\nx = { path = "../x" }\n',
        },
    )
    with caplog.at_level(logging.WARNING):
        assert list(derived(tmp_path, workloads=["app"])) == ["lib"]
    assert caplog.text == ""
    for workload, mistake in (
        ("lost", "lost/pyproject.toml takes 'x' from ROOT/x, which has no pyproject"),
        (
            "same",
            "several packages have the name 'same': ROOT/one/pyproject.toml and ROOT/two/pyproject.toml; rename",
        ),
        ("broken", "broken/pyproject.toml is not valid TOML"),
    ):
        assert mistake in refusal(tmp_path, workloads=[workload])


@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("acme-billing", "billing/pyproject.toml", project("acme_billing", ["b b"])),
        ("acme-billing", "acme_billing/pyproject.toml", "[project\n"),
        (
            "acme-billing",
            "billing/setup.py",
            "from setuptools import setup\nsetup(name='acme-billing', install_requires=['b b'])\n",
        ),
    ],
)
def test_a_package_that_cannot_be_read_is_not_taken_from_an_index(
    tmp_path: Path, name: str, path: str, text: str
) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": [name]})
    write(tmp_path, {path: text})
    assert refusal(tmp_path, workloads=["app"]).startswith(f"workspace: ROOT/{path}")


def test_a_member_of_the_uv_workspace_that_is_absent_stops_nothing(tmp_path: Path) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": []})
    write(tmp_path, {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*", "packages/gone"]\n'})
    assert list(derived(tmp_path)) == ["lib"]


def test_packages_that_share_a_name_are_told_apart_by_path(tmp_path: Path) -> None:
    more = '[tool.uv.sources]\ncommon = { path = "common" }\n'
    for team in ("a", "b"):
        write(tmp_path, {f"{team}/pyproject.toml": project(f"team-{team}", ["common"], more=more)})
        write(tmp_path, {f"{team}/common/pyproject.toml": project("common")})
        write(tmp_path, {f"{team}/job/pyproject.toml": project("job", ["team-a"])})
    (common, _) = derived(tmp_path, workloads=["a/job"]).values()
    assert common.packages[0].folder == tmp_path / "a/common"
    assert refusal(tmp_path).startswith(
        "workspace: workloads must not depend on two packages of one name, got 'common' in ROOT/"
    )
    write(tmp_path, {"b/pyproject.toml": project("team-b")})
    graph = BaseGraph.from_workspace(tmp_path)
    assert [package.name for package in graph.workloads] == ["a-job", "b-common", "b-job", "team-b"]
    assert graph.needs_of("b/job") == ("team-a",)


def test_a_package_that_cannot_be_read_is_warned_of_where_it_may_be_a_workload(tmp_path: Path) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": []})
    for folder in ("broken", "tests/fixture"):
        write(tmp_path, {f"{folder}/pyproject.toml": "[project]\nversion = '1'\n"})
    warnings = BaseGraph.from_workspace(tmp_path).warnings
    assert warnings == (
        f"workspace: {tmp_path}/broken/pyproject.toml has no package name; set name in its [project] table; until then "
        "its package is not a workload",
    )
    assert BaseGraph.from_workspace(tmp_path, workloads=iter(["app"])).warnings == ()  # type: ignore[arg-type]


def test_the_search_is_limited_to_what_is_named_and_not_excluded(tmp_path: Path) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": []})
    write(tmp_path, {"old/app/pyproject.toml": project("app")})
    for scope in ({"packages": ("packages/*",)}, {"exclude": ("old",)}, {"exclude": ("**/old",)}):
        found = Workspace.read(tmp_path, **scope)
        assert list(found.packages) == ["app", "lib"]
    with refused(
        f"packages: no folder below {tmp_path} with a pyproject.toml or setup.py or setup.cfg matches, got 'libs/*'"
    ):
        Workspace.read(tmp_path, packages=("libs/*",))
    for name in ("packages", "exclude"):
        old = str(tmp_path / "old")
        with refused(f"{name}: must be relative to the root, got {old!r}; use 'old'"):
            Workspace.read(tmp_path, **{name: (old,)})
        with refused(f"{name}: must be a list of folders relative to the root, got ['']"):
            Workspace.read(tmp_path, **{name: [""]})
