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
# In the library's Dockerfile, where the further bases are copied from.
_COPIES = b"# copies\n"


@dataclass(frozen=True, kw_only=True)
class DerivedBase:
    """name: of the package and its base. needs: the bases below it; it is built FROM the first.

    extras: that workloads and packages ask for, sorted by name when shown. asked_by: packages that need it directly.
    declared_in: the pyproject.toml files that tell all of this.
    """

    name: str
    package: Package
    workspace: Workspace = field(repr=False)
    needs: tuple[str, ...] = ()
    extras: frozenset[str] = frozenset()
    asked_by: tuple[str, ...] = ()
    declared_in: tuple[Path, ...] = ()

    def requirements(self) -> Requirements:
        """The third-party packages to install: of its requirements.lock, else of uv.lock, else of its own ranges."""
        return find_requirements(self.workspace, self.package, self.extras)

    def context(self, dockerfile: str | Path | None = None) -> ScopedContext:
        """The build context: `requirements.txt`, and the package's source as the named context `source`.

        So nothing else of the package's folder rebuilds the image. There is a warning where no lock file with hashes
        was found.

        dockerfile: in place of the library's own, which installs the first and copies the second.
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
        # Lines of their own: an instruction cannot be repeated by a build argument.
        lines = (
            f"COPY --from={name_in_build(need)} ${{LAMBDA_TASK_ROOT}}/ ${{LAMBDA_TASK_ROOT}}/\n"
            for need in self.needs[1:]
        )
        return dockerfile.replace(_COPIES, "".join(lines).encode())


def name_in_build(name: str) -> str:
    """The name under which a Dockerfile copies from a further base: `base-<name>`."""
    return f"base-{name}"
