"""A request for the files of a root that one target of a Dockerfile reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scoped_images.context.control_files import (
    find_dockerfile,
    own_ignore_file,
    read_dockerfile,
    read_ignore_file,
)
from scoped_images.context.doubtful_files import GIT
from scoped_images.context.folder import existing_folder
from scoped_images.context.selection import Selection, select_files, whole_folder
from scoped_images.context.size import SizeLimit
from scoped_images.dockerfile.build_arguments import expect_build_args
from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.sources import ContextSources
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect, expect_list
from scoped_images.patterns.ignore_file import IgnoreFile
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class ContextRequest:
    """One target of a Dockerfile, its root, and how it is built. To make one, only the Dockerfile is read.

    platform: None for a whole folder, which is the same for each.
    include: paths or patterns to take too, where a source is unknown before the build.
    """

    root: Path
    dockerfile: Path
    content: bytes = field(repr=False)
    platform: Platform | None = None
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    build_contexts: Mapping[str, str | Path] = field(default_factory=dict)
    include: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        root: str | Path,
        dockerfile: str | Path,
        *,
        platform: Platform | str | None,
        target: str | None = None,
        build_args: Mapping[str, str] | None = None,
        build_contexts: Mapping[str, str | Path] | None = None,
        include: Sequence[str] = (),
    ) -> ContextRequest:
        """Check the arguments and read the Dockerfile; raises ScopedImagesError."""
        expect("root", root, (str, Path), "use the path of a folder")
        expect("dockerfile", dockerfile, (str, Path), "use a path that starts from root")
        if "\0" in str(dockerfile):
            raise ScopedImagesError(f"dockerfile: must be a path, got {str(dockerfile)!r}; leave out the NUL")
        if target is not None:
            expect("target", target, str, "use the name of a stage")
        if build_args is not None:
            expect("build_args", build_args, Mapping, "use values by name, {'VERSION': '1'}")
        if build_contexts is not None:
            expect("build_contexts", build_contexts, Mapping, "use folders by name, {'shared': '../shared'}")
            for name, place in build_contexts.items():
                expect("build_contexts", name, str, "use folders by name, {'shared': '../shared'}")
                expect(f"build_contexts[{name!r}]", place, (str, Path), "use the path of a folder")
        expect_list("include", include)
        folder = existing_folder(root)
        path = find_dockerfile(folder, dockerfile)
        expect_build_args(build_args or {})
        return cls(
            root=folder,
            dockerfile=path,
            content=read_dockerfile(path, root=folder),
            platform=None if platform is None else Platform.parse(platform),
            target=target,
            build_args=dict(build_args or {}),
            build_contexts=dict(build_contexts or {}),
            include=tuple(include),
        )

    @property
    def name(self) -> str:
        """The Dockerfile's path from the root, for messages."""
        return Path(os.path.relpath(self.dockerfile, self.root)).as_posix()

    def sources(self, *, target: str | None = None) -> ContextSources:
        """Return what the instructions read, of this or of another target."""
        assert self.platform is not None, "a whole folder is taken without its instructions"
        options = TargetOptions(
            target=target or self.target,
            build_args=self.build_args,
            platform=self.platform,
            build_contexts=self.build_contexts,
            include=self.include,
        )
        return context_sources(self.content, options, name=self.name)

    @cached_property
    def ignore_file(self) -> IgnoreFile:
        """The rules of what is left out."""
        return read_ignore_file(self.root, self.dockerfile)

    @property
    def ignore_file_name(self) -> str:
        """The ignore file in effect, or the one to make, for messages."""
        if own_ignore_file(self.dockerfile).is_file():
            return f"{self.name}.dockerignore"
        return f"{self.root.name}/.dockerignore"

    def select(self, sources: ContextSources) -> Selection:
        """Return the paths that the sources ask for, without what the ignore file leaves out."""
        return select_files(self.root, sources, self.ignore_file)

    def select_all(self) -> Selection:
        """Return every path of the root, without Git's files and what the ignore file leaves out."""
        return whole_folder(self.root, self.ignore_file, without=(GIT,))

    def limit(self, max_bytes: int) -> SizeLimit:
        """Return how large the context may be."""
        return SizeLimit(
            max_bytes=max_bytes,
            context=f"build context of {self.name}",
            ignore_file=f"{self.name}.dockerignore",
            dockerfile=self.name,
        )
