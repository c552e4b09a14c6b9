"""A base image for one shared package: its third-party requirements, then the package itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.bases.install_scripts import PackageBuild, install_packages, install_requirements
from scoped_images.bases.package_options import PackageOptions
from scoped_images.context.request import read_dockerfile
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.size import MAX_BYTES
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.build_files import build_files, folders_outside
from scoped_images.workspace.package import Package
from scoped_images.workspace.requirements import Requirements, find_requirements
from scoped_images.workspace.version_source import (
    finds_data_by_git,
    has_fallback,
    is_installed,
    version_variable,
)
from scoped_images.workspace.workspace import Workspace

DOCKERFILE = Path(__file__).with_name("base.Dockerfile")
PUBLIC_IMAGE = "public.ecr.aws/lambda/python:3.13"
REQUIREMENTS = "requirements.txt"
SOURCE = "source"
# Mark the lines of a Dockerfile where the instructions of one base go.
_COPIES = "# copies\n"
_PATH = "# path\n"
_BUILD_PACKAGES = "# build packages\n"
_SYSTEM_PACKAGES = "# system packages\n"


@dataclass(frozen=True, kw_only=True)
class DerivedBase:
    """A base image for one package.

    name: the name of the package and of its base. needs: the bases it is built from; it is built FROM the first.
    extras: the requested extras of the package. asked_by: the packages that depend on it directly.
    declared_in: the pyproject.toml files that declare these dependencies.
    from_derived: whether it is built from derived bases only.
    """

    name: str
    package: Package
    workspace: Workspace = field(repr=False)
    needs: tuple[str, ...] = ()
    extras: frozenset[str] = frozenset()
    asked_by: tuple[str, ...] = ()
    declared_in: tuple[Path, ...] = ()
    from_derived: bool = True
    options: PackageOptions | None = None

    def requirements(self) -> Requirements:
        """Return the third-party packages to install: from requirements.lock, else uv.lock, else its own ranges."""
        return find_requirements(self.workspace, self.package, self.extras)

    def context(self, dockerfile: str | Path | None = None) -> ScopedContext:
        """Return the build context: what to install, and the files of the package as the named context `source`.

        The context has a warning if no lock file has hashes, and if nothing gives a version that the package takes from
        git.

        dockerfile: by default the library's own, which installs the requirements and the package.
        """
        requirements = self.requirements()
        source = build_files(
            [self.package],
            root=self.workspace.root,
            others=[package.folder for package in self.workspace.packages.values()],
            ignored=self.workspace.ignored,
            max_bytes=MAX_BYTES,
        )
        path = Path(dockerfile).absolute() if dockerfile is not None else DOCKERFILE
        build, warnings = self._build(requirements)
        return ScopedContext(
            root=self.workspace.root,
            dockerfile=path,
            files=(),
            dockerfile_bytes=self._filled(
                path, read_dockerfile(path, root=self.workspace.root).decode()
            ).encode(),
            named={SOURCE: source},
            generated={
                REQUIREMENTS: requirements.text.encode(),
                "install-requirements": install_requirements(
                    any_required=bool(requirements.text), complete=requirements.complete
                ),
                "build-constraints.txt": "".join(
                    f"{line}\n" for line in requirements.build_constraints
                ).encode(),
                "install-packages": install_packages([build] if is_installed(self.package) else []),
            },
            generated_from=tuple(dict.fromkeys((*requirements.files, *self.declared_in))),
            warnings=(*requirements.warnings, *warnings),
        )

    def _build(self, requirements: Requirements) -> tuple[PackageBuild, tuple[str, ...]]:
        """Return how the package becomes a wheel, and warnings."""
        variable = version_variable(self.package)
        version = (self.options.version if self.options else None) or requirements.version
        variables: dict[str, str] = {}
        warnings: tuple[str, ...] = ()
        if variable and version:
            variables = {variable: version}
        elif variable is not None and not (has_fallback(self.package) and version is None):
            warnings = (
                f"base image {self.name!r}: {self.package.pyproject} takes its version from git, which is not in the "
                f"build; its version is 0.0.0 there; pass package_options=[PackageOptions(name={self.package.name!r}, "
                "version=…)]",
            )
            variables = {variable: "0.0.0"} if variable else {}
        build = PackageBuild(
            folder=self.workspace.relative(self.package.folder),
            variables=variables,
            whole_folder=finds_data_by_git(self.package),
            moved=folders_outside(self.package),
        )
        return build, warnings

    def _filled(self, path: Path, dockerfile: str) -> str:
        """Return the Dockerfile with the instructions of this base.

        Raises ScopedImagesError if a Dockerfile of the user's has no place for one that it needs.
        """
        options = self.options or PackageOptions(name=self.package.name)
        instructions = {
            _COPIES: "".join(
                f"COPY --from={name_in_build(need)} /var/task/ /var/task/\n" for need in self.needs[1:]
            ),
            _BUILD_PACKAGES: _install((*options.build_packages, *options.system_packages)),
            _SYSTEM_PACKAGES: _install(options.system_packages),
        }
        for marker, text in instructions.items():
            named = all(re.search(rf"--from={name_in_build(need)}\b", dockerfile) for need in self.needs[1:])
            if text and marker not in dockerfile and not (marker == _COPIES and named):
                raise ScopedImagesError(
                    f"dockerfile: {path} has no line {marker.strip()!r}, which base image {self.name!r} needs for: "
                    f"{text.splitlines()[0]}; add the line to its last stage, as in the library's own {DOCKERFILE}"
                )
            dockerfile = dockerfile.replace(marker, text)
        if self.needs and self.from_derived:
            return dockerfile.replace(_PATH, "")
        if self.needs:
            # Only the declared base below knows which Python it has.
            dockerfile = dockerfile.replace(
                "FROM ${PUBLIC_IMAGE} AS build\n", "FROM ${BASE_IMAGE_URI} AS build\n"
            )
        return dockerfile.replace(_PATH, "ENV PATH=/var/task/bin:${PATH}\n")


def _install(packages: Iterable[str]) -> str:
    """Return the instruction that installs system packages with whichever package manager the image has."""
    names = " ".join(dict.fromkeys(packages))
    if not names:
        return ""
    return (
        "RUN if command -v apt-get; then apt-get update && apt-get install -y --no-install-recommends"
        f" {names} && rm -rf /var/lib/apt/lists/*; \\\n"
        f"    elif command -v apk; then apk add --no-cache {names}; \\\n"
        "    else pm=$(command -v dnf || command -v microdnf || command -v yum)"
        f' && "$pm" install -y {names} && "$pm" clean all; fi\n'
    )


def name_in_build(name: str) -> str:
    """Return the name by which a Dockerfile copies from a further base: `base-<name>`."""
    return f"base-{name}"
