"""A build context that holds what one image needs, and nothing else of the repository."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.context_file import ContextFile
from scoped_images.context_size import check_size, largest_parts
from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.selection import select_files
from scoped_images.errors import ScopedImagesError
from scoped_images.ignore_file import IgnoreFile
from scoped_images.platform import Platform
from scoped_images.staging import stage

MAX_BYTES = 250_000_000


@dataclass(frozen=True, kw_only=True)
class ScopedContext:
    """The files of a build context, with the Dockerfile that reads them.

    root: the folder that the files' paths start from.
    dockerfile: the Dockerfile, wherever it is.
    files: sorted by path.
    target, build_args, platform: what the files were found for; an image of this context is built with them.
    named: further contexts of the build, by the names that the Dockerfile knows them under.
    """

    root: Path
    dockerfile: Path
    files: tuple[ContextFile, ...]
    dockerfile_bytes: bytes = field(repr=False)
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    named: Mapping[str, ScopedContext] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, directory: str | Path, *, dockerfile: str | Path | None = None, max_bytes: int = MAX_BYTES
    ) -> ScopedContext:
        """Take one folder as context, less what its ignore file leaves out.

        dockerfile: by default `directory`'s own `Dockerfile`; it may lie anywhere.
        `<Dockerfile>.dockerignore` beside the Dockerfile wins over `directory`'s `.dockerignore`.
        max_bytes: beyond this size it is an error, which names the largest files.
        """
        root = _folder(directory)
        path = Path(dockerfile).absolute() if dockerfile is not None else root / "Dockerfile"
        content = _read_dockerfile(path)
        files = _whole_folder(root, IgnoreFile.read(root, path))
        check_size(files, max_bytes=max_bytes, dockerfile=path.name)
        return cls(root=root, dockerfile=path, files=files, dockerfile_bytes=content)

    @classmethod
    def from_dockerfile(
        cls,
        root: str | Path,
        dockerfile: str | Path = "Dockerfile",
        *,
        platform: Platform | str,
        target: str | None = None,
        build_args: Mapping[str, str] | None = None,
        build_contexts: Mapping[str, str | Path] | None = None,
        include: Sequence[str] = (),
        max_bytes: int = MAX_BYTES,
    ) -> ScopedContext:
        """Take the files of `root` that BuildKit would read for `target`, and no others.

        dockerfile: relative to `root`, and inside it.
        platform: of the image; sources may depend on it.
        target: stage to build; by default the last.
        build_args: values of the Dockerfile's `ARG`s, as far as sources depend on them.
        build_contexts: folders by the names under which `COPY --from` and `FROM` know them.
        include: paths or patterns to take besides, where a source cannot be known before the build.
        max_bytes: beyond this size it is an error, which names the largest files and the lines that want them.
        """
        folder = _folder(root)
        path = (folder / dockerfile).absolute()
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ScopedImagesError(
                f"Dockerfile {str(dockerfile)!r} is outside of the root {str(root)!r}: give a path inside it, or take "
                "one folder with ScopedContext.of(directory, dockerfile=…), whose Dockerfile may lie anywhere"
            )
        content = _read_dockerfile(path)
        name = path.relative_to(folder).as_posix()
        arguments, contexts = dict(build_args or {}), build_contexts or {}
        wanted = Platform.parse(platform)
        sources = context_sources(
            content,
            name=name,
            target=target,
            build_args=arguments,
            platform=wanted,
            build_contexts=contexts,
            include=include,
        )
        selection = select_files(folder, sources, IgnoreFile.read(folder, path))
        files = tuple(
            ContextFile.read(folder, selected.path, sources=selected.lines) for selected in selection.paths
        )
        check_size(files, max_bytes=max_bytes, dockerfile=name)
        return cls(
            root=folder,
            dockerfile=path,
            files=files,
            dockerfile_bytes=content,
            target=target,
            build_args=arguments,
            platform=wanted,
            named={
                used: _named_context(used, contexts[used], content, path) for used in sources.named_contexts
            },
            warnings=(
                *sources.warnings,
                *selection.warnings,
                *(
                    f"{name}:{line}: takes the whole context; its largest parts: {largest_parts(files)}"
                    for line in sources.whole_context_lines
                ),
            ),
        )

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the Dockerfile, the named contexts, and each file's path, kind, executable bit, bytes and link."""
        content = {
            "dockerfile": hashlib.sha256(self.dockerfile_bytes).hexdigest(),
            "files": [file.identity() for file in self.files],
            "named": {name: context.fingerprint for name, context in self.named.items()},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def staged_dockerfile(self) -> str:
        """Name of the Dockerfile in the staged folder: `Dockerfile`, unless the context has files of its own there."""
        taken = {file.path for file in self.files}
        return (
            "Dockerfile.scoped-images" if taken & {"Dockerfile", "Dockerfile.dockerignore"} else "Dockerfile"
        )

    def stage(self, destination: Path) -> None:
        """Copy the context and its Dockerfile to `destination`, so that `docker build` there works.

        What is added to the files (the Dockerfile, its ignore file) is kept out of reach of `COPY . .`.
        """
        added = (self.staged_dockerfile, f"{self.staged_dockerfile}.dockerignore")
        ignore = "".join(f"/{name}\n" for name in added).encode()
        stage(
            self.root, self.files, dict(zip(added, (self.dockerfile_bytes, ignore), strict=True)), destination
        )


def _folder(directory: str | Path) -> Path:
    folder = Path(directory).absolute()
    if not folder.is_dir():
        raise ScopedImagesError(f"build context: directory {str(directory)!r} does not exist or is no folder")
    return folder


def _read_dockerfile(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ScopedImagesError(f"build context: cannot read Dockerfile {path}: {error.strerror}") from error


def _named_context(name: str, directory: str | Path, dockerfile: bytes, path: Path) -> ScopedContext:
    try:
        root = _folder(directory)
    except ScopedImagesError as error:
        raise ScopedImagesError(f"build_contexts[{name!r}]: {error}") from None
    # Of ignore files only the folder's own speaks of it, not the Dockerfile's.
    own = root / ".dockerignore"
    ignore = IgnoreFile.parse(own.read_bytes()) if own.is_file() else IgnoreFile()
    files = _whole_folder(root, ignore)
    return ScopedContext(root=root, dockerfile=path, files=files, dockerfile_bytes=dockerfile)


def _whole_folder(root: Path, ignore: IgnoreFile) -> tuple[ContextFile, ...]:
    return tuple(sorted(_walk(root, "", ignore), key=lambda file: file.path.encode()))


def _walk(root: Path, folder: str, ignore: IgnoreFile) -> Iterator[ContextFile]:
    try:
        names = sorted(entry.name for entry in (root / folder).iterdir())
    except OSError as error:
        raise ScopedImagesError(f"build context: cannot list {root / folder}: {error.strerror}") from error
    for name in names:
        path = f"{folder}/{name}" if folder else name
        excluded = ignore.excludes(path)
        is_folder = (root / path).is_dir() and not (root / path).is_symlink()
        if is_folder and (not excluded or ignore.may_include_below(path)):
            below = list(_walk(root, path, ignore))
            # An excluded folder is there again when an exception (`!`) brings back something in it.
            if below or not excluded:
                yield ContextFile.read(root, path)
                yield from below
        elif not is_folder and not excluded:
            yield ContextFile.read(root, path)
