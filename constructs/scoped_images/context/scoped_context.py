"""A build context that holds only what one image needs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scoped_images.context.compiled_files import compiled_files
from scoped_images.context.control_files import DOCKERFILE
from scoped_images.context.copying import write_folder
from scoped_images.context.doubtful_files import doubtful_files
from scoped_images.context.external import ExternalContext, is_address
from scoped_images.context.file import ContextFile, Kind
from scoped_images.context.generated import refuse_wrong_generated
from scoped_images.context.named import NamedContext
from scoped_images.context.request import ContextRequest
from scoped_images.context.size import MAX_BYTES, REPOSITORY_MAX_BYTES, largest_parts, read_files
from scoped_images.context.whole_repository import WholeRepository
from scoped_images.dockerfile.sources import ContextSources
from scoped_images.expect import expect
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class ScopedContext:
    """The files of a build context, with the Dockerfile that reads them.

    root: the folder that the files' paths start from.
    dockerfile: the Dockerfile, wherever it is.
    files: of the root, sorted by path.
    generated: further files that are in no root, by path; no path of `files` and none below one.
    generated_from: the files that `generated` was made from, which count for the commit of the context.
    pinned_by: the command that pins the external images of the Dockerfile.
    target, build_args, platform: what the files were found for; an image of this context is built with them.
    named: further contexts of the build, by the names that the Dockerfile knows them under.
    external: further contexts that the builder fetches itself, by name.
    whole_repository: what a scoped context would save, if this one is the whole repository.
    """

    root: Path
    dockerfile: Path
    files: tuple[ContextFile, ...]
    dockerfile_bytes: bytes = field(repr=False)
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    named: Mapping[str, NamedContext] = field(default_factory=dict)
    external: Mapping[str, ExternalContext] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    generated: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    generated_from: tuple[Path, ...] = ()
    pinned_by: str = "scoped-images bases update"
    whole_repository: WholeRepository | None = None

    def __post_init__(self) -> None:
        refuse_wrong_generated(self.generated, self.files)

    @classmethod
    def of(
        cls, directory: str | Path, *, dockerfile: str | Path | None = None, max_bytes: int = MAX_BYTES
    ) -> ScopedContext:
        """Take one folder as context, less what its ignore file leaves out.

        dockerfile: by default `directory`'s own `Dockerfile`; it may lie anywhere.
        `<Dockerfile>.dockerignore` beside the Dockerfile wins over `directory`'s `.dockerignore`.
        `.git` and CDK's output folder are left out, unless an exception of the ignore file (`!.git`) brings them back.
        max_bytes: raises ScopedImagesError for a larger context, with its largest files.
        """
        expect("directory", directory, (str, Path), "use the path of a folder")
        if dockerfile is not None:
            expect("dockerfile", dockerfile, (str, Path), "use a path")
        place = DOCKERFILE if dockerfile is None else Path(dockerfile).absolute()
        request = ContextRequest.of(directory, place, platform=None)
        folder = request.select_all()
        files = read_files(request.root, folder.lines, request.limit(max_bytes))
        return cls._of(request, files, named={}, max_bytes=max_bytes, warnings=folder.warnings)

    @classmethod
    def from_dockerfile(
        cls,
        root: str | Path,
        dockerfile: str | Path = DOCKERFILE,
        *,
        platform: Platform | str,
        target: str | None = None,
        build_args: Mapping[str, str] | None = None,
        build_contexts: Mapping[str, str | Path] | None = None,
        include: Sequence[str] = (),
        max_bytes: int = MAX_BYTES,
    ) -> ScopedContext:
        """Take the files of `root` that BuildKit would read for `target`, and no others.

        dockerfile: relative to `root`; it may lie outside of it.
        platform: of the image; sources may depend on it.
        target: stage to build; by default the last.
        build_args: values of the Dockerfile's `ARG`s, as far as sources depend on them.
        build_contexts: folders by the names under which `COPY --from` and `FROM` know them.
        include: paths or patterns to take too, where a source is unknown before the build.
        max_bytes: raises ScopedImagesError for a larger context, with its largest files and the lines that ask for them.
        """
        request = ContextRequest.of(
            root,
            dockerfile,
            platform=Platform.parse(platform),
            target=target,
            build_args=build_args,
            build_contexts=build_contexts,
            include=include,
        )
        return cls.requested(request, max_bytes=max_bytes)

    @classmethod
    def requested(cls, request: ContextRequest, *, max_bytes: int = MAX_BYTES) -> ScopedContext:
        """Take the files that a request asks for."""
        sources = request.sources()
        selection = request.select(sources)
        files = read_files(request.root, selection.lines, request.limit(max_bytes))
        whole_context = (
            f"{request.name}:{line}: takes the whole context; its largest parts: {largest_parts(files)}"
            for line in sources.whole_context_lines
        )
        return cls._of(
            request,
            files,
            named={name: sources.of_context(name) for name in sources.named},
            max_bytes=max_bytes,
            warnings=(*sources.warnings, *selection.warnings, *whole_context),
        )

    @classmethod
    def repository(
        cls,
        root: str | Path,
        dockerfile: str | Path = DOCKERFILE,
        *,
        platform: Platform | str,
        target: str | None = None,
        build_args: Mapping[str, str] | None = None,
        build_contexts: Mapping[str, str | Path] | None = None,
        max_bytes: int = REPOSITORY_MAX_BYTES,
    ) -> ScopedContext:
        """Take the whole root, less what its ignore file leaves out: for images that have not moved to scopes yet.

        The arguments are those of from_dockerfile. A warning says how much from_dockerfile would save.
        `.git` and CDK's output folder are left out, unless an exception of the ignore file (`!.git`) brings them
        back: each commit changes the one, each synth the other.
        """
        request = ContextRequest.of(
            root,
            dockerfile,
            platform=Platform.parse(platform),
            target=target,
            build_args=build_args,
            build_contexts=build_contexts,
        )
        folder = request.select_all()
        files = read_files(request.root, folder.lines, request.limit(max_bytes))
        whole = WholeRepository.compare(request, size=sum(file.size for file in files))
        context = cls._of(
            request,
            files,
            named=dict.fromkeys(request.build_contexts),
            max_bytes=max_bytes,
            warnings=(whole.warning, *folder.warnings),
        )
        return dataclasses.replace(context, whole_repository=whole)

    @classmethod
    def _of(
        cls,
        request: ContextRequest,
        files: tuple[ContextFile, ...],
        *,
        named: Mapping[str, ContextSources | None],
        max_bytes: int,
        warnings: tuple[str, ...],
    ) -> ScopedContext:
        """Add the named contexts; those without sources are taken whole."""
        folders = request.build_contexts
        named_contexts = {
            name: NamedContext.read(name, folders[name], sources=sources, limit=request.limit(max_bytes))
            for name, sources in named.items()
            if not is_address(folders[name])
        }
        external = {
            name: ExternalContext(name=name, address=str(folders[name]))
            for name in named
            if is_address(folders[name])
        }
        return cls(
            root=request.root,
            dockerfile=request.dockerfile,
            files=files,
            dockerfile_bytes=request.content,
            target=request.target,
            build_args=request.build_args,
            platform=request.platform,
            named=named_contexts,
            external=external,
            warnings=(
                *warnings,
                *doubtful_files(file.path for file in files),
                *compiled_files(files, ignore_file=request.ignore_file_name),
                *(warning for each in named_contexts.values() for warning in each.warnings),
                *(each.warning for each in external.values() if each.warning),
            ),
        )

    @property
    def size(self) -> int:
        """Bytes of all files, those generated among them; named contexts are apart."""
        return sum(file.size for file in self._all_files)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the Dockerfile, the named contexts, and each file's path, kind, executable bit, bytes and link."""
        content: dict[str, object] = {
            "dockerfile": hashlib.sha256(self.dockerfile_bytes).hexdigest(),
            "files": [file.identity() for file in self._all_files],
            # The folder is written under its fingerprint, which therefore covers what is added to the files.
            "added": sorted(self._added_files()),
            "named": {name: context.fingerprint for name, context in self.named.items()},
        }
        if self.external:
            content["external"] = {name: each.identity for name, each in self.external.items()}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @cached_property
    def written_dockerfile(self) -> str:
        """Return the Dockerfile's name in the written folder: `Dockerfile`, unless the context has another file there."""
        if self._brings_its_dockerfile:
            return "Dockerfile"
        # In lower case, as file systems compare names that ignore it.
        taken = {file.path.lower() for file in self._all_files}
        spare = (f"Dockerfile.scoped-images{number or ''}" for number in range(len(taken) + 1))
        names = ("Dockerfile", *spare)
        return next(name for name in names if not taken & {name.lower(), f"{name}.dockerignore".lower()})

    def write(self, destination: Path) -> None:
        """Write the context and its Dockerfile to a new folder, so that `docker build` there works.

        What is added to the files (the Dockerfile, its ignore file) is out of reach of `COPY . .`.
        """
        write_folder(self.root, self.files, self.further_files, destination)

    def write_into(self, folder: Path) -> Path:
        """Write the context into a cloud assembly, under its fingerprint; return the folder."""
        destination = folder / f"scoped-context-{self.fingerprint}"
        write_folder(self.root, self.files, self.further_files, destination, replace=True)
        return destination

    @property
    def further_files(self) -> dict[str, bytes]:
        """Return the bytes of the files that are not in the root: those generated, the Dockerfile, its ignore file."""
        return {**self.generated, **self._added_files()}

    @cached_property
    def _all_files(self) -> tuple[ContextFile, ...]:
        generated = (ContextFile.generated(path, content) for path, content in self.generated.items())
        return tuple(sorted((*self.files, *generated), key=lambda file: os.fsencode(file.path)))

    def _added_files(self) -> dict[str, bytes]:
        dockerfile, ignore_file = self.written_dockerfile, f"{self.written_dockerfile}.dockerignore"
        added = {} if self._brings_its_dockerfile else {dockerfile: self.dockerfile_bytes}
        if any(file.path == ignore_file for file in self._all_files):
            # Its own rules, which have left out already all that they leave out.
            return added
        return {**added, ignore_file: "".join(f"/{name}\n" for name in (*added, ignore_file)).encode()}

    @property
    def _brings_its_dockerfile(self) -> bool:
        """Whether the Dockerfile is itself among the files, as with `COPY . .`."""
        digest = hashlib.sha256(self.dockerfile_bytes).hexdigest()
        return self.dockerfile == self.root / "Dockerfile" and any(
            file.path == "Dockerfile" and file.kind is Kind.FILE and file.sha256 == digest
            for file in self.files
        )
