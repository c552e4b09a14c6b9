"""One repository with a Dockerfile, and the comparison of its full with its scoped context."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.context_file import ContextFile
from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.selection import Selection, select_files
from scoped_images.errors import ScopedImagesError
from scoped_images.ignore_file import IgnoreFile
from scoped_images.staging import stage
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
    """A repository, its Dockerfile, and how it is built."""

    entries: tuple[Entry, ...]
    dockerfile: str
    ignore: str | None = None
    target: str | None = None
    build_args: dict[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """What `docker build` is told."""
        target = [] if self.target is None else ["--target", self.target]
        return [*target, *(f"--build-arg={key}={value}" for key, value in self.build_args.items())]


@dataclass(frozen=True)
class Outcome:
    """What the builds gave. refusal: why there is no scoped context."""

    full: Built
    scoped: Built | None
    refusal: str = ""
    selection: Selection | None = None


@contextmanager
def workspace(case: Case) -> Iterator[Path]:
    """Create the repository in a folder of its own, which no other build has used: BuildKit keys caches on it."""
    folder = Path(tempfile.mkdtemp(prefix="scoped-differential-"))
    try:
        root = folder / "full"
        root.mkdir()
        for entry in case.entries:
            _create(root / entry.path, entry)
        for entry in reversed(case.entries):
            if entry.kind == "folder":
                (root / entry.path).chmod(entry.mode)
        if case.ignore is not None:
            (root / ".dockerignore").write_text(case.ignore)
        for name in ("plain", "unfiltered"):
            (folder / name).mkdir()
            (folder / name / "Dockerfile").write_text(case.dockerfile)
        # The scoped context is filtered already; an ignore file that it holds is not to filter it again.
        (folder / "unfiltered" / "Dockerfile.dockerignore").write_text("#\n")
        yield folder
    finally:
        shutil.rmtree(folder)


def compare(case: Case) -> Outcome:
    """Build with the full and with the scoped context."""
    with workspace(case) as folder:
        try:
            selection = select(case, folder / "full")
        except ScopedImagesError as error:
            return Outcome(
                build(folder / "full", folder / "plain/Dockerfile", *case.arguments), None, str(error)
            )
        stage_selection(folder / "full", selection, folder / "scoped")
        with ThreadPoolExecutor(2) as pool:
            full = pool.submit(build, folder / "full", folder / "plain/Dockerfile", *case.arguments)
            scoped = pool.submit(build, folder / "scoped", folder / "unfiltered/Dockerfile", *case.arguments)
            return Outcome(full.result(), scoped.result(), selection=selection)


def check(case: Case) -> Outcome:
    """Assert that the scoped context builds what the full one builds, or that both fail."""
    outcome = compare(case)
    if outcome.scoped is None:
        assert outcome.full.files is None, f"refused, but it builds: {outcome.refusal}"
    elif outcome.full.files is None:
        assert outcome.scoped.files is None, f"only the full context fails: {outcome.full.error[-400:]}"
    else:
        assert outcome.scoped.files is not None, (
            f"only the scoped context fails: {outcome.scoped.error[-400:]}"
        )
        assert outcome.scoped.files == outcome.full.files
    return outcome


def select(case: Case, root: Path) -> Selection:
    """Run what is tested."""
    sources = context_sources(case.dockerfile, target=case.target, build_args=case.build_args)
    return select_files(root, sources, IgnoreFile.read(root, root / "Dockerfile"))


def stage_selection(root: Path, selection: Selection, destination: Path) -> None:
    """Stage as the product does."""
    files = [ContextFile.read(root, path.path, sources=path.lines) for path in selection.paths]
    stage(root, files, {}, destination)


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
