"""Tells how the build backend of a package finds its version, and how to give it one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoped_images.workspace.package import Package
from scoped_images.workspace.tables import setting

# Plug-ins that ask git, and the variable that answers in its place; "" if there is none.
# https://setuptools-scm.readthedocs.io/en/latest/overrides/, https://backend.pdm-project.org/metadata/#dynamic-project-version
_ASK_GIT = {
    "setuptools-scm": "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{name}",
    "hatch-vcs": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "poetry-dynamic-versioning": "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "uv-dynamic-versioning": "UV_DYNAMIC_VERSIONING_BYPASS",
    "flit-scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "versioningit": "",
    "versioneer": "",
    "setuptools-git-versioning": "",
    "setuptools-vcs-versioning": "",
}


def version_variable(package: Package) -> str | None:
    """Return the environment variable that gives the version to a backend that would ask git.

    Returns "" if there is no such variable, and None if the backend does not ask git.
    """
    requires = build_requirements(package)
    if setting(package.tables, "pdm.version.source") == "scm":
        return "PDM_BUILD_SCM_VERSION"
    for plugin, variable in _ASK_GIT.items():
        # setuptools-scm also serves to find data files.
        unused = plugin == "setuptools-scm" and "version" in package.tables.get("project", {})
        if plugin in requires and not unused:
            return variable.format(name=re.sub(r"[-_.]+", "_", package.name).upper())
    return None


def has_fallback(package: Package) -> bool:
    """Return whether the package's own files name a version for a build without git."""
    keys = (
        "setuptools_scm.fallback_version",
        "hatch.version.fallback-version",
        "hatch.version.raw-options.fallback_version",
        "pdm.version.fallback_version",
        "versioningit.default-version",
    )
    return any(setting(package.tables, key) for key in keys)


def finds_data_by_git(package: Package) -> bool:
    """Return whether setuptools takes the files that git tracks for package data, through setuptools-scm."""
    return "setuptools-scm" in build_requirements(package)


def is_installed(package: Package) -> bool:
    """Return whether the package has something to install. Poetry and uv know projects that only require others."""
    settings = (setting(package.tables, "poetry.package-mode"), setting(package.tables, "uv.package"))
    return False not in settings


def build_requirements(package: Package) -> dict[str, Requirement]:
    """Return what `[build-system] requires`, by normalized name."""
    return {canonicalize_name(each.name): each for each in _requirements(package)}


def _requirements(package: Package) -> Iterator[Requirement]:
    given = package.tables.get("build-system", {}).get("requires")
    for line in given if isinstance(given, list) else ("setuptools", "wheel"):
        try:
            yield Requirement(line)
        except (InvalidRequirement, TypeError):
            continue  # The build backend reports it.


def generated_version_files(package: Package) -> tuple[str, ...]:
    """Return the files that the backend writes the version into, relative to the package's folder."""
    keys = (
        "setuptools_scm.write_to",
        "setuptools_scm.version_file",
        "hatch.build.hooks.vcs.version-file",
        "hatch.build.targets.wheel.hooks.vcs.version-file",
    )
    found = (setting(package.tables, key) for key in keys)
    # PDM's is relative to the import root.
    return tuple(each for each in found if isinstance(each, str))
