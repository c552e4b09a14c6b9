"""A base image for one shared package: its third-party requirements, then its own source."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.context.request import read_dockerfile
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.size import MAX_BYTES
from scoped_images.workspace.package import Package
from scoped_images.workspace.requirements import Requirements, find_requirements
from scoped_images.workspace.source_files import source_files
from scoped_images.workspace.workspace import Workspace

DOCKERFILE = Path(__file__).with_name("base.Dockerfile")
REQUIREMENTS = "requirements.txt"
SOURCE = "source"
# Marks the line of the library's Dockerfile where COPY instructions for further bases go.
_COPIES = b"# copies\n"


@dataclass(frozen=True, kw_only=True)
class DerivedBase:
    """A base image for one package.

    name: the name of the package and of its base. needs: the bases it is built from; it is built FROM the first.
    extras: the requested extras of the package. asked_by: the packages that depend on it directly.
    declared_in: the pyproject.toml files that declare these dependencies.
    """

    name: str
    package: Package
    workspace: Workspace = field(repr=False)
    needs: tuple[str, ...] = ()
    extras: frozenset[str] = frozenset()
    asked_by: tuple[str, ...] = ()
    declared_in: tuple[Path, ...] = ()

    def requirements(self) -> Requirements:
        """Return the third-party packages to install: from requirements.lock, else uv.lock, else its own ranges."""
        return find_requirements(self.workspace, self.package, self.extras)

    def context(self, dockerfile: str | Path | None = None) -> ScopedContext:
        """Return the build context: `requirements.txt`, and the package's source as the named context `source`.

        Nothing else in the package's folder rebuilds the image. The context has a warning if no lock file has hashes.

        dockerfile: by default the library's own, which installs the requirements and copies the source.
        """
        requirements = self.requirements()
        source = source_files(self.package, max_bytes=MAX_BYTES)
        path = Path(dockerfile).absolute() if dockerfile is not None else DOCKERFILE
        content = read_dockerfile(path)
        return ScopedContext(
            root=self.package.folder,
            dockerfile=path,
            files=(),
            dockerfile_bytes=content if dockerfile is not None else self._with_copies(content),
            named={SOURCE: source},
            generated={REQUIREMENTS: requirements.text.encode()},
            generated_from=tuple(dict.fromkeys((*requirements.files, *self.declared_in))),
            warnings=requirements.warnings,
        )

    def _with_copies(self, dockerfile: bytes) -> bytes:
        # A build argument cannot repeat an instruction, so write one line for each base.
        lines = (
            f"COPY --from={name_in_build(need)} ${{LAMBDA_TASK_ROOT}}/ ${{LAMBDA_TASK_ROOT}}/\n"
            for need in self.needs[1:]
        )
        return dockerfile.replace(_COPIES, "".join(lines).encode())


def name_in_build(name: str) -> str:
    """Return the name by which a Dockerfile copies from a further base: `base-<name>`."""
    return f"base-{name}"
