"""A base image for one shared package: its third-party requirements, then the package itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scoped_images.bases.install_scripts import PackageBuild, install_packages, install_requirements
from scoped_images.bases.package_options import PackageOptions
from scoped_images.context.control_files import read_dockerfile
from scoped_images.context.named import NamedContext
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.size import MAX_BYTES
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.workspace.build_files import build_files, folders_outside
from scoped_images.workspace.package import Package
from scoped_images.workspace.requirements import Request, Requirements, find_requirements
from scoped_images.workspace.target import Target
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
_PUBLIC_IMAGE = re.compile(rf"^ARG (PUBLIC_IMAGE|BASE_IMAGE_URI)={re.escape(PUBLIC_IMAGE)}$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class DerivedBase:
    """A base image for one package, for several that depend on each other, or for the requirements of a workload.

    name: of the base, and of its first package. needs: the bases it is built from; it is built FROM the first.
    extras: the requested extras of its packages. asked: those of every package.
    asked_by: the packages that depend on it directly. dependents: those that do so indirectly, too.
    declared_in: the files that declare these dependencies.
    from_derived: whether it is built from derived bases only.
    installs_packages: False for the base of a workload, which has only its requirements.
    """

    name: str
    packages: tuple[Package, ...]
    workspace: Workspace = field(repr=False)
    target: Target = field(default_factory=Target)
    public_image: str = PUBLIC_IMAGE
    needs: tuple[str, ...] = ()
    extras: Mapping[str, frozenset[str]] = field(default_factory=dict)
    asked: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    asked_by: tuple[str, ...] = ()
    dependents: tuple[Package, ...] = field(default=(), repr=False)
    declared_in: tuple[Path, ...] = ()
    from_derived: bool = True
    installs_packages: bool = True
    options: tuple[PackageOptions, ...] = ()

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """Return the platforms that its options name."""
        return tuple(dict.fromkeys(platform for each in self.options for platform in each.platforms))

    @cached_property
    def requirements(self) -> Requirements:
        """Return the third-party packages to install: from a lock file, else the ranges of its packages."""
        return Requirements.join(self._of_packages.values())

    @cached_property
    def _of_packages(self) -> Mapping[str, Requirements]:
        return {
            package.name: find_requirements(
                Request(
                    workspace=self.workspace,
                    package=package,
                    target=self.target,
                    extras=self.extras.get(package.name, frozenset()),
                    asked=self.asked,
                    dependents=self.dependents,
                )
            )
            for package in self.packages
        }

    def context(self, dockerfile: str | Path | None = None) -> ScopedContext:
        """Return the build context: what to install, and the files of the packages as the named context `source`.

        The context has a warning if no lock file has hashes, and if nothing gives a version that a package takes from
        git.

        dockerfile: by default the library's own, which installs the requirements and the packages.
        """
        requirements = self.requirements
        path = Path(dockerfile).absolute() if dockerfile is not None else DOCKERFILE
        builds, warnings = self._builds()
        generated = {
            REQUIREMENTS: requirements.text.encode(),
            "install-requirements": install_requirements(
                any_required=bool(requirements.text), complete=requirements.complete
            ),
            "build-constraints.txt": "".join(f"{line}\n" for line in requirements.build_constraints).encode(),
            "install-packages": install_packages(builds),
        }
        return ScopedContext(
            root=self.workspace.root,
            dockerfile=path,
            files=(),
            dockerfile_bytes=self._filled(
                path, read_dockerfile(path, root=self.workspace.root).decode()
            ).encode(),
            named={SOURCE: self._source()},
            generated=generated,
            generated_from=tuple(dict.fromkeys((*requirements.files, *self.declared_in))),
            warnings=(*requirements.warnings, *warnings),
        )

    def _source(self) -> NamedContext:
        if not self.installs_packages:
            return NamedContext(root=self.workspace.root, files=())
        return build_files(
            self.packages,
            root=self.workspace.root,
            others=[package.folder for package in self.workspace.every],
            ignored=self.workspace.ignored,
            max_bytes=MAX_BYTES,
        )

    def _builds(self) -> tuple[list[PackageBuild], list[str]]:
        """Return how the packages become wheels, and warnings."""
        builds: list[PackageBuild] = []
        warnings: list[str] = []
        for package in self.packages if self.installs_packages else ():
            if is_installed(package):
                variables = self._variables(package, warnings)
                build = PackageBuild(
                    folder=self.workspace.relative(package.folder),
                    variables=variables,
                    whole_folder=finds_data_by_git(package),
                    moved=folders_outside(package),
                )
                builds.append(build)
        return builds, warnings

    def _variables(self, package: Package, warnings: list[str]) -> dict[str, str]:
        """Return the variables for the build backend of a package; add a warning if nothing gives its version."""
        variable = version_variable(package)
        given = next((each.version for each in self.options if each.name == package.name), None)
        version = given or self._of_packages[package.name].version
        if variable and version:
            return {variable: version}
        if variable is None or (has_fallback(package) and version is None):
            return {}
        warnings.append(
            f"base image {self.name!r}: {package.declared_in} takes its version from git, which is not in the build; "
            f"its version is 0.0.0 there; pass package_options=[PackageOptions(name={package.name!r}, version=…)]"
        )
        return {variable: "0.0.0"} if variable else {}

    def _filled(self, path: Path, dockerfile: str) -> str:
        """Return the Dockerfile with the instructions of this base.

        Raises ScopedImagesError if a Dockerfile of the user's has no place for one that it needs.
        """
        build_packages = [name for each in self.options for name in each.build_packages]
        system_packages = [name for each in self.options for name in each.system_packages]
        dockerfile = _PUBLIC_IMAGE.sub(rf"ARG \1={self.public_image}", dockerfile)
        instructions = {
            _COPIES: "".join(
                f"COPY --link --from={name_in_build(need)} /var/task/ /var/task/\n" for need in self.needs[1:]
            ),
            _BUILD_PACKAGES: _install((*build_packages, *system_packages)),
            _SYSTEM_PACKAGES: _install(system_packages),
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
        # Dependents inherit the working directory: WORKDIR in their own Dockerfile would download this image.
        return dockerfile.replace(_PATH, "WORKDIR /var/task\nENV PATH=/var/task/bin:${PATH}\n")


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
