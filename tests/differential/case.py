"""One repository with a Dockerfile, and the comparison of its full with its scoped context."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
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
    """

    entries: tuple[Entry, ...]
    dockerfile: str
    ignore: str | None = None
    ignore_name: str = ".dockerignore"
    target: str | None = None
    build_args: dict[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """What `docker build` is told."""
        target = [] if self.target is None else ["--target", self.target]
        return [*target, *(f"--build-arg={key}={value}" for key, value in self.build_args.items())]


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

    choose_dropped: names a file to leave out of the scoped context in a third build.
    """
    with _repository(case) as (folder, root):
        full = partial(build, root, root / "Dockerfile", *case.arguments)
        try:
            context = ScopedContext.from_dockerfile(
                root, platform=Platform.LINUX_AMD64, target=case.target, build_args=case.build_args
            )
        except ScopedImagesError as error:
            return Outcome(full(), None, str(error))
        staged = folder / "scoped"
        context.write(staged)
        with ThreadPoolExecutor(2) as pool:
            other = pool.submit(build, staged, staged / context.written_dockerfile, *case.arguments)
            outcome = Outcome(full(), other.result(), context=context)
        dropped = choose_dropped(context) if choose_dropped and outcome.full.files is not None else None
        if dropped is None:
            return outcome
        # BuildKit keys what it has been sent on the folder's path.
        lacking = staged.rename(folder / "lacking")
        (lacking / dropped).unlink()
        return replace(outcome, without=build(lacking, lacking / context.written_dockerfile, *case.arguments))


def build_scoped(case: Case) -> Built:
    """Build with the scoped context alone, while BuildKit has no equal instruction of the full one at hand."""
    with _repository(case) as (folder, root):
        context = ScopedContext.from_dockerfile(
            root, platform=Platform.LINUX_AMD64, target=case.target, build_args=case.build_args
        )
        staged = folder / "scoped"
        context.write(staged)
        return build(staged, staged / context.written_dockerfile, *case.arguments)


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
    stands in its place. Mended by https://github.com/tonistiigi/fsutil/commit/6236bf9.
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
        root = folder / "full"
        root.mkdir()
        for entry in case.entries:
            _create(root / entry.path, entry)
        for entry in reversed(case.entries):
            if entry.kind == "folder":
                (root / entry.path).chmod(entry.mode)
        (root / "Dockerfile").write_text(case.dockerfile)
        if case.ignore is not None:
            (root / case.ignore_name).write_text(case.ignore)
        yield folder, root
    finally:
        shutil.rmtree(folder)


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
