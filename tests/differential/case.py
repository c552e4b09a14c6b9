"""One repository with a Dockerfile, and the comparison of its full with its scoped context."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from tests.differential.engine_build import Built, build


@dataclass(frozen=True)
class Entry:
    """A file, folder or link to create, or a `copy` of the machine's file that `content` names."""

    path: str
    kind: str = "file"
    mode: int = 0o644
    content: str = ""


@dataclass(frozen=True)
class Case:
    """A repository, its Dockerfile, and how it is built.

    ignore_name: of the ignore file, `.dockerignore` or `Dockerfile.dockerignore`.
    named: the entries of further build contexts, by their names.
    """

    entries: tuple[Entry, ...]
    dockerfile: str
    ignore: str | None = None
    ignore_name: str = ".dockerignore"
    target: str | None = None
    build_args: dict[str, str] = field(default_factory=dict)
    named: dict[str, tuple[Entry, ...]] = field(default_factory=dict)

    def create(self, folder: Path) -> Path:
        """Create the repository and its further build contexts in a folder; return the repository's root."""
        root = folder / "full"
        _create_all(root, self.entries)
        for name, entries in self.named.items():
            _create_all(folder / "named" / name, entries)
        (root / "Dockerfile").write_text(self.dockerfile)
        if self.ignore is not None:
            (root / self.ignore_name).write_text(self.ignore)
        return root

    def arguments(self, contexts: Mapping[str, Path]) -> list[str]:
        """Return the options of `docker build`, with these folders as further build contexts."""
        target = [] if self.target is None else ["--target", self.target]
        return [
            *target,
            *(f"--build-arg={key}={value}" for key, value in self.build_args.items()),
            *(f"--build-context={name}={folder}" for name, folder in contexts.items()),
        ]

    def context(self, folder: Path) -> ScopedContext:
        """Return the scoped context of the repository in a folder."""
        return ScopedContext.from_dockerfile(
            folder / "full",
            platform=Platform.LINUX_AMD64,
            target=self.target,
            build_args=self.build_args,
            build_contexts=self.named_folders(folder),
        )

    def named_folders(self, folder: Path) -> dict[str, Path]:
        """Return the folders of the further build contexts."""
        return {name: folder / "named" / name for name in self.named}

    def write(self, context: ScopedContext, folder: Path) -> tuple[Path, list[str]]:
        """Write the scoped context as LocalBuilder does; return its folder and the options to build it with."""
        assembly = folder / "assembly"
        written = context.write_into(assembly)
        return written, self.arguments(
            {name: named.write_into(assembly) for name, named in context.named.items()}
        )


@dataclass(frozen=True)
class Outcome:
    """What the builds gave. refusal: why there is no scoped context. without: the build that lacks one file."""

    full: Built
    scoped: Built | None
    refusal: str = ""
    context: ScopedContext | None = None
    without: Built | None = None


def compare(case: Case, choose_dropped: Callable[[ScopedContext], str | None] | None = None) -> Outcome:
    """Build with the full and with the scoped context.

    The full one gets the modes that every context has (docs/decisions/0010-contexts-are-written-once.md), so the
    images are compared mode by mode, with those that `--chmod` sets.
    choose_dropped: names a file to leave out of the scoped context in a third build.
    """
    with _repository(case) as (folder, root):
        full = partial(build, root, root / "Dockerfile", *case.arguments(case.named_folders(folder)))
        try:
            context = case.context(folder)
        except ScopedImagesError as error:
            return Outcome(full(), None, str(error))
        staged, arguments = case.write(context, folder)
        # After the context is written: what gave it the documented modes is the library.
        for each in (root, *case.named_folders(folder).values()):
            _give_documented_modes(each)
        with ThreadPoolExecutor(2) as pool:
            other = pool.submit(build, staged, staged / context.written_dockerfile, *arguments)
            outcome = Outcome(full(), other.result(), context=context)
        dropped = choose_dropped(context) if choose_dropped and outcome.full.files is not None else None
        if dropped is None:
            return outcome
        # BuildKit keys what it has been sent on the folder's path.
        lacking = staged.rename(folder / "lacking")
        (lacking / dropped).unlink()
        return replace(outcome, without=build(lacking, lacking / context.written_dockerfile, *arguments))


def build_scoped(case: Case) -> Built:
    """Build with only the scoped context, while BuildKit has no equal instruction of the full one at hand."""
    with _repository(case) as (folder, _):
        context = case.context(folder)
        written, arguments = case.write(context, folder)
        return build(written, written / context.written_dockerfile, *arguments)


def check(case: Case, choose_dropped: Callable[[ScopedContext], str | None] | None = None) -> Outcome:
    """Assert that the scoped context builds what the full one builds, or that both fail."""
    outcome = compare(case, choose_dropped)
    if outcome.scoped is None:
        assert outcome.full.files is None, f"refused, but it builds: {outcome.refusal}"
    elif outcome.full.files is None:
        assert outcome.scoped.files is None or meets_excluded_folder(case, outcome), (
            f"only the full context fails: {outcome.full.error[-400:]}"
        )
    else:
        assert outcome.scoped.files is not None, (
            f"only the scoped context fails: {outcome.scoped.error[-400:]}"
        )
        assert outcome.scoped.files == outcome.full.files
    return outcome


def meets_excluded_folder(case: Case, outcome: Outcome) -> bool:
    """Whether the full context fails by a mistake that BuildKit made up to 0.26.

    It looked at the destination of what lies in a folder that `--exclude` leaves out, and failed where a file
    is in its place. Fixed by https://github.com/tonistiigi/fsutil/commit/6236bf9.
    """
    return (
        "--exclude" in case.dockerfile
        and re.search(r"lstat .*: not a directory", outcome.full.error) is not None
    )


@contextmanager
def _repository(case: Case) -> Iterator[tuple[Path, Path]]:
    """Create the repository in a folder of its own, and give both."""
    folder = Path(tempfile.mkdtemp(prefix="scoped-differential-"))
    try:
        yield folder, case.create(folder)
    finally:
        shutil.rmtree(folder)


def _create_all(root: Path, entries: Sequence[Entry]) -> None:
    root.mkdir(parents=True)
    for entry in entries:
        _create(root / entry.path, entry)
    for entry in reversed(entries):
        if entry.kind == "folder":
            (root / entry.path).chmod(entry.mode)


def _give_documented_modes(root: Path) -> None:
    """Make files 0644, or 0755 if their owner may execute them, and folders 0755."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if executable else 0o644)


def _create(path: Path, entry: Entry) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.kind == "folder":
        path.mkdir(exist_ok=True)
    elif entry.kind == "link":
        os.symlink(entry.content, path)  # noqa: PTH211 - the same call, read more easily
    elif entry.kind == "copy":
        shutil.copy(entry.content, path)
    else:
        path.write_text(entry.content)
        path.chmod(entry.mode)
