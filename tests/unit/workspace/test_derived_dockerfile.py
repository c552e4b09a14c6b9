"""The Dockerfile of a derived base, and the commands in it, follow what its packages need."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.bases.declaration import BaseDeclaration
from scoped_images.bases.derived_base import DOCKERFILE, PUBLIC_IMAGE
from scoped_images.bases.package_options import PackageOptions
from tests.refusals import refused
from tests.unit.workspace.label import LABEL, context
from tests.unit.workspace.repository import project, write


def further_needs(root: Path) -> None:
    needs = ["big", "small", "tiny"]
    write(root, LABEL)
    write(root, {"label/pyproject.toml": project("my-label", ["boto3", *needs])})
    write(root, {f"{name}/pyproject.toml": project(name) for name in (*needs, "core")})
    write(root, {"big/pyproject.toml": project("big", ["core"])})


COPIES = [
    "COPY --link --from=base-small /var/task/ /var/task/",
    "COPY --link --from=base-tiny /var/task/ /var/task/",
]


def test_further_bases_are_copied_before_its_own_files(tmp_path: Path) -> None:
    further_needs(tmp_path)
    lines = context(tmp_path).dockerfile_bytes.decode().splitlines()
    copies = [line for line in lines if line.startswith("COPY ")]
    assert copies == [
        *COPIES,
        "COPY --link --from=requirements /installed/ /var/task/",
        "COPY --link --from=packages /installed/ /var/task/",
    ]


def test_a_given_dockerfile_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, LABEL | {"base.Dockerfile": "FROM scratch\nCOPY --from=source . /\n"})
    found = context(tmp_path, tmp_path / "base.Dockerfile")
    assert found.dockerfile_bytes == b"FROM scratch\nCOPY --from=source . /\n"
    assert found.dockerfile == tmp_path / "base.Dockerfile"


def test_a_given_dockerfile_keeps_every_need(tmp_path: Path) -> None:
    further_needs(tmp_path)
    own = tmp_path / "base.Dockerfile"
    own.write_text("FROM scratch\n# copies\nCOPY --from=source . /\n")
    assert context(tmp_path, own).dockerfile_bytes.decode().splitlines()[1:3] == COPIES
    by_hand = "FROM scratch\nCOPY --from=base-small / /\nCOPY --from=base-tiny / /\n"
    own.write_text(by_hand)
    assert context(tmp_path, own).dockerfile_bytes.decode() == by_hand
    own.write_text("FROM scratch\nCOPY --from=base-small / /\n")
    with refused(
        f"dockerfile: must have the line '# copies', which base image 'my-label' needs for `{COPIES[0]}`, got {own} "
        f"without it; add it where the library's own {DOCKERFILE} has it"
    ):
        context(tmp_path, own)


def test_the_librarys_dockerfile_builds_on_the_public_image() -> None:
    text = DOCKERFILE.read_text()
    assert f"\nARG PUBLIC_IMAGE={PUBLIC_IMAGE}\nARG BASE_IMAGE_URI={PUBLIC_IMAGE}\n" in text
    assert "# syntax" not in text


def test_only_a_base_on_a_declared_one_is_built_on_its_own_base(tmp_path: Path) -> None:
    further_needs(tmp_path)
    derived = context(tmp_path).dockerfile_bytes.decode()
    assert "FROM ${PUBLIC_IMAGE} AS build\n" in derived
    assert "ENV PATH" not in derived
    core = BaseDeclaration(name="core", context=context(tmp_path))
    on_declared = context(tmp_path, declared=[core]).dockerfile_bytes.decode()
    assert "FROM ${BASE_IMAGE_URI} AS build\n" in on_declared
    assert "ENV PATH=/var/task/bin:${PATH}\n" in on_declared


def test_system_packages_are_installed_where_they_are_needed(tmp_path: Path) -> None:
    options = PackageOptions(
        name="My_Label", build_packages=("gcc", "libpq-devel"), system_packages=("libpq",)
    )
    text = context(write(tmp_path, LABEL), options=options).dockerfile_bytes.decode()
    build, final = text.split("\nFROM ${BASE_IMAGE_URI}\n")
    assert build.count("apk add --no-cache gcc libpq-devel libpq;") == 1
    assert final.count("apk add --no-cache libpq;") == 1
    assert "gcc" not in final
    assert "RUN if command" not in context(tmp_path).dockerfile_bytes.decode()


def scm(requires: str, more: str = "") -> str:
    return (
        f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "x"\n'
        f'[project]\nname = "my-label"\ndynamic = ["version"]\n{more}'
    )


@pytest.mark.parametrize(
    ("pyproject", "variable"),
    [
        (scm("setuptools_scm>=8"), "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_MY_LABEL"),
        (scm("hatch-vcs"), "SETUPTOOLS_SCM_PRETEND_VERSION"),
        (scm("pdm-backend", '[tool.pdm.version]\nsource = "scm"\n'), "PDM_BUILD_SCM_VERSION"),
        (scm("uv-dynamic-versioning"), "UV_DYNAMIC_VERSIONING_BYPASS"),
        (scm("poetry-dynamic-versioning"), "POETRY_DYNAMIC_VERSIONING_BYPASS"),
    ],
)
def test_a_backend_that_asks_git_gets_the_version(tmp_path: Path, pyproject: str, variable: str) -> None:
    write(tmp_path, LABEL | {"label/pyproject.toml": pyproject, "label/requirements.lock": ""})
    given = context(tmp_path, options=PackageOptions(name="my-label", version="1.2.3rc1"))
    assert f"\n{variable}=1.2.3rc1 python3 -m pip wheel " in given.generated["install-packages"].decode()
    assert given.warnings == ()
    none = context(tmp_path)
    assert f"\n{variable}=0.0.0 python3 -m pip wheel " in none.generated["install-packages"].decode()
    assert [warning.replace(str(tmp_path), "ROOT") for warning in none.warnings] == [
        "base image 'my-label': ROOT/label/pyproject.toml takes its version from git, which is not in the build; its "
        "version is 0.0.0 there; pass package_options=[PackageOptions(name='my-label', version=…)]"
    ]


def test_a_backend_with_a_version_of_its_own_gets_none(tmp_path: Path) -> None:
    own = project("my-label", more='[build-system]\nrequires = ["setuptools", "setuptools-scm"]\n')
    fallback = scm("hatch-vcs", '[tool.hatch.version]\nsource = "vcs"\nfallback-version = "9"\n')
    for pyproject in (own, fallback):
        write(tmp_path, LABEL | {"label/pyproject.toml": pyproject, "label/requirements.lock": ""})
        found = context(tmp_path)
        assert b"VERSION" not in found.generated["install-packages"]
        assert found.warnings == ()


def test_what_only_requires_others_has_nothing_to_build(tmp_path: Path) -> None:
    write(tmp_path, LABEL)
    write(tmp_path, {"label/pyproject.toml": project("my-label", more="[tool.uv]\npackage = false\n")})
    write(tmp_path, {"label/requirements.lock": ""})
    generated = context(tmp_path).generated
    assert [name for name, content in generated.items() if b"pip" in content] == []
