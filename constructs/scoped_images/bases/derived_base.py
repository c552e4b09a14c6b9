"""A base image for one shared package: its third-party requirements, then the package itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scoped_images.bases.install_scripts import PackageBuild, install_packages, install_requirements
from scoped_images.bases.package_options import PackageOptions
from scoped_images.bases.reach import Reach
from scoped_images.context.control_files import read_dockerfile
from scoped_images.context.explanation import Explanation, path_below
from scoped_images.context.named import NamedContext
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.workspace.build_files import build_files, ignored_data, rules_for
from scoped_images.workspace.build_settings import folders_outside
from scoped_images.workspace.package import Package
from scoped_images.workspace.request import Request
from scoped_images.workspace.requirements import Requirements, find_requirements
from scoped_images.workspace.version_source import (
    finds_data_by_git,
    has_fallback,
    is_installed,
    version_variable,
)

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
    reach: what the workloads depend on.
    from_derived: whether it is built from derived bases only.
    installs_packages: False for the base of a workload, which has only its requirements.
    dockerfile: in place of the library's own.
    """

    name: str
    packages: tuple[Package, ...]
    reach: Reach = field(repr=False)
    public_image: str = PUBLIC_IMAGE
    needs: tuple[str, ...] = ()
    from_derived: bool = True
    installs_packages: bool = True
    dockerfile: str | Path | None = None
    options: tuple[PackageOptions, ...] = ()

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """Return the platforms that its options name."""
        return tuple(dict.fromkeys(platform for each in self.options for platform in each.platforms))

    @property
    def installed(self) -> tuple[Package, ...]:
        """Return the packages that it installs."""
        return self.packages if self.installs_packages else ()

    @property
    def extras(self) -> tuple[str, ...]:
        """Return the requested extras of its packages, sorted."""
        return tuple(
            sorted({extra for package in self.packages for extra in self.reach.extras[package.name]})
        )

    @cached_property
    def requirements(self) -> Requirements:
        """Return the third-party packages to install: from a lock file, else the ranges of its packages."""
        return Requirements.join(self._of_packages.values())

    @cached_property
    def _of_packages(self) -> Mapping[str, Requirements]:
        return {
            package.name: find_requirements(
                Request(
                    workspace=self.reach.workspace,
                    package=package,
                    target=self.reach.target,
                    extras=self.reach.extras[package.name],
                    asked=self.reach.extras,
                    dependents=self.reach.dependents(self.name),
                )
            )
            for package in self.packages
        }

    def context(self) -> ScopedContext:
        """Return the build context: what to install, and the files of the packages as the named context `source`.

        The context has a warning if no lock file has hashes, if nothing gives a version that a package takes from git,
        and if git ignores a file that a package names as its data.
        """
        requirements, root = self.requirements, self.reach.workspace.root
        path = Path(self.dockerfile).absolute() if self.dockerfile is not None else DOCKERFILE
        builds, warnings = self._builds()
        declared_in = (package.file for package in self.reach.around(self.name) if package.file is not None)
        generated = {
            REQUIREMENTS: requirements.text.encode(),
            "install-requirements": install_requirements(
                any_required=bool(requirements.lines), complete=requirements.complete
            ),
            "build-constraints.txt": "".join(f"{line}\n" for line in requirements.build_constraints).encode(),
            "install-packages": install_packages(builds),
        }
        return ScopedContext(
            root=root,
            dockerfile=path,
            files=(),
            dockerfile_bytes=self._filled(path, read_dockerfile(path, root=root).decode()).encode(),
            named={SOURCE: self._source()},
            generated=generated,
            generated_from=tuple(dict.fromkeys((*requirements.files, *declared_in))),
            pinned_by=f"scoped-images bases update{self._pin_option}"
            if path == DOCKERFILE
            else ScopedContext.pinned_by,
            warnings=(*requirements.warnings, *warnings),
        )

    @property
    def _pin_option(self) -> str:
        return " --derived" if self.public_image == PUBLIC_IMAGE else f" --public-image {self.public_image}"

    def _source(self) -> NamedContext:
        workspace = self.reach.workspace
        if not self.installs_packages:
            return NamedContext(root=workspace.root, files=())
        return build_files(self.packages, workspace)

    def explain(self, path: str) -> Explanation:
        """Explain why a change of a file of the repository rebuilds the base, or does not.

        Raises ScopedImagesError if the path does not exist.
        """
        workspace, context = self.reach.workspace, self.context()
        name = path_below(workspace.root, path)
        file = workspace.root / name
        reasons = ["it is the Dockerfile"] if file == context.dockerfile else []
        if name in {each.path for each in context.named[SOURCE].files}:
            reasons.append("the wheel of its package is built from it")
        if file in context.generated_from:
            reasons.append(self._use_of(file))
        if reasons:
            return Explanation(path=name, included=True, reasons=tuple(reasons))
        for package in self.installed:
            if file.is_relative_to(package.folder):
                rule = rules_for(package, workspace).reason(file.relative_to(package.folder).as_posix())
                if rule is not None:
                    reasons.append(
                        f"the rule {rule} leaves it out" if rule.file == ".dockerignore" else rule.file
                    )
        none = f"it is not in the folder of {' or '.join(each.name for each in self.packages)}"
        return Explanation(path=name, included=False, reasons=tuple(reasons) or (none,))

    def _use_of(self, file: Path) -> str:
        """Return what the base takes from a file that decides what it installs."""
        if all(file != package.file for package in self.reach.around(self.name)):
            return (
                "only its entries for the base's requirements count; a change of another one rebuilds nothing"
            )
        return "it says which packages, extras and requirements are installed"

    def _builds(self) -> tuple[list[PackageBuild], list[str]]:
        """Return how the packages become wheels, and warnings."""
        builds: list[PackageBuild] = []
        warnings: list[str] = []
        for package in self.installed:
            if is_installed(package):
                build = PackageBuild(
                    folder=self.reach.workspace.relative(package.folder),
                    variables=self._variables(package, warnings),
                    whole_folder=finds_data_by_git(package),
                    moved=folders_outside(package),
                )
                builds.append(build)
                warnings += self._without_data(package)
        return builds, warnings

    def _without_data(self, package: Package) -> Iterator[str]:
        files = ignored_data(package, self.reach.workspace)
        if files:
            more = f" (and {len(files) - 1} more)" if len(files) > 1 else ""
            yield (
                f"base image {self.name!r}: git ignores {package.folder / files[0]}{more}, which {package.declared_in} "
                f"names as data, so the base lacks it; let git track it, or add '!{files[0]}' to "
                f"{package.folder / '.dockerignore'}"
            )

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
                    f"dockerfile: must have the line {marker.strip()!r}, which base image {self.name!r} needs for "
                    f"`{text.splitlines()[0]}`, got {path} without it; add it where the library's own {DOCKERFILE} has it"
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
