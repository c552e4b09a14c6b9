"""The archive of a context: the same bytes for the same content, and nothing in it that leads out."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoped_images import Platform, ScopedContext
from scoped_images.context.archive import archive_name, named_folders, write_context_archive
from scoped_images.remote.buildspec import buildspec
from tests.refusals import refused
from tests.unit.remote.requests import REQUEST


def members(archive: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(archive) as opened:
        return {member.name: member for member in opened.getmembers()}


def content(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as opened:
        file = opened.extractfile(name)
        assert file is not None
        return file.read()


def project(folder: Path) -> Path:
    (folder / "app" / "sub").mkdir(parents=True)
    (folder / "app" / "handler.py").write_text("print('hello')\n")
    (folder / "app" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "app" / "run.sh").chmod(0o755)
    (folder / "app" / "sub" / "ü b").write_text("x")
    (folder / "app" / "link").symlink_to("sub/ü b")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return folder


def archive_of(folder: Path, out: Path) -> Path:
    return write_context_archive(ScopedContext.of(folder / "app", dockerfile=folder / "Dockerfile"), out)


def test_the_same_content_is_the_same_bytes_whenever_and_by_whomever_it_was_written(tmp_path: Path) -> None:
    first = archive_of(project(tmp_path / "one"), tmp_path / "first").read_bytes()
    other = project(tmp_path / "elsewhere" / "two")
    for path in other.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    (other / "app" / "handler.py").chmod(0o600)
    (other / "app" / "sub").chmod(0o700)
    assert archive_of(other, tmp_path / "second").read_bytes() == first


@pytest.mark.parametrize(
    "change",
    [
        lambda app: (app / "handler.py").write_text("print('HELLO')\n"),
        lambda app: (app / "handler.py").chmod(0o755),
        lambda app: (app / "new").mkdir(),
        lambda app: (app.parent / "Dockerfile").write_text("FROM scratch\nCOPY . /app\n"),
    ],
    ids=["content", "executable bit", "empty folder", "Dockerfile"],
)
def test_another_content_is_another_archive_of_another_name(
    change: Callable[[Path], object], tmp_path: Path
) -> None:
    folder = project(tmp_path / "project")
    before = archive_of(folder, tmp_path / "out")
    change(folder / "app")
    after = archive_of(folder, tmp_path / "out")
    assert after.name != before.name
    assert after.read_bytes() != before.read_bytes()


def test_members_have_no_owner_no_time_of_their_own_and_plain_modes(tmp_path: Path) -> None:
    found = members(archive_of(project(tmp_path / "p"), tmp_path / "out"))
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in found.values()} == {(0, 0, "", "", 946684800)}
    modes = {name: oct(member.mode) for name, member in found.items() if not member.issym()}
    assert modes == {
        "context": "0o755",
        "context/Dockerfile": "0o644",
        "context/Dockerfile.dockerignore": "0o644",
        "context/handler.py": "0o644",
        "context/run.sh": "0o755",
        "context/sub": "0o755",
        "context/sub/ü b": "0o644",
    }
    assert found["context/link"].linkname == "sub/ü b"
    assert list(found) == sorted(found, key=os.fsencode)


def test_named_contexts_have_folders_of_their_own_without_their_names(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "model.py").write_text("x = 1\n")
    app = tmp_path / "app"
    app.mkdir()
    (app / "Dockerfile").write_text("FROM scratch\nCOPY --from=our/shared model.py /\n")
    context = ScopedContext.from_dockerfile(
        app, platform=Platform.LINUX_AMD64, build_contexts={"our/shared": shared}
    )
    archive = write_context_archive(context, tmp_path / "out")
    assert named_folders(context) == {"our/shared": "named-0"}
    assert content(archive, "named-0/model.py") == b"x = 1\n"
    assert archive.name == archive_name(context)


def test_an_archive_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    archive = archive_of(folder, tmp_path / "out")
    before = archive.stat().st_ino
    assert archive_of(folder, tmp_path / "out").stat().st_ino == before


def other_bytes(archive: Path) -> None:
    _rewrite(archive, lambda member, content: (member, content.replace(b"hello", b"HELLO")))


def other_mode(archive: Path) -> None:
    def closed(member: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return member.replace(mode=0o600 if member.name.endswith("handler.py") else member.mode), content

    _rewrite(archive, closed)


def one_more(archive: Path) -> None:
    _rewrite(archive, lambda member, content: (member, content), more=tarfile.TarInfo("context/zzz"))


def _rewrite(archive: Path, change: Any, more: tarfile.TarInfo | None = None) -> None:
    old = archive.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(old)) as read, tarfile.open(archive, "w:gz") as written:
        for member in read:
            file = read.extractfile(member) if member.isreg() else None
            header, content = change(member, file.read() if file else b"")
            written.addfile(header, io.BytesIO(content))
        if more:
            written.addfile(more)


def in_shell(command: str) -> Callable[[Path], object]:
    """Return what runs a command in the archive's folder, where $A is its name."""
    return lambda archive: subprocess.run(
        ["sh", "-c", command], cwd=archive.parent, env={**os.environ, "A": archive.name}, check=True
    )


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": in_shell(': > "$A"'),
    "cut": in_shell('truncate -s -40 "$A"'),
    "a link": in_shell('mv "$A" elsewhere && ln -s elsewhere "$A"'),
    "a folder": in_shell('rm "$A" && mkdir "$A" && touch "$A/file"'),
    "a pipe": in_shell('rm "$A" && mkfifo "$A"'),
    "other bytes": other_bytes,
    "another mode": other_mode,
    "one member more": one_more,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_an_archive_that_is_not_what_its_name_says_is_written_again(
    damage: Callable[[Path], object], tmp_path: Path
) -> None:
    of = project(tmp_path / "p")
    archive = archive_of(of, tmp_path / "out")
    whole = archive.read_bytes()
    damage(archive)
    assert archive_of(of, tmp_path / "out") == archive
    assert not archive.is_symlink()
    assert archive.read_bytes() == whole


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text("print('HELLO')\n"),
        lambda file: file.write_text("short"),
        lambda file: file.write_text("and longer than it was before\n"),
        lambda file: file.chmod(0o755),
    ],
    ids=["content", "shorter", "longer", "executable bit"],
)
def test_a_file_that_changed_since_it_was_hashed_is_an_error_and_leaves_nothing(
    change: Callable[[Path], object], tmp_path: Path
) -> None:
    of = project(tmp_path / "p")
    context = ScopedContext.of(of / "app", dockerfile=of / "Dockerfile")
    change(of / "app" / "handler.py")
    with refused(f"build context: {of}/app/handler.py changed while it was read; try again"):
        write_context_archive(context, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def archive_with(folder: Path, out: Path) -> Path:
    """Archive a folder with a Dockerfile beside it."""
    (folder.parent / "Dockerfile").write_text("FROM scratch\n")
    return write_context_archive(ScopedContext.of(folder, dockerfile=folder.parent / "Dockerfile"), out)


def test_a_hard_link_is_a_file_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "a").write_text("same")
    (folder / "b").hardlink_to(folder / "a")
    found = members(archive_with(folder, tmp_path / "out"))
    assert [found[f"context/{name}"].type for name in "ab"] == [b"0", b"0"]


def test_a_link_to_a_folder_outside_is_a_link_and_not_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("x")
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "out").symlink_to(tmp_path / "outside")
    assert list(members(archive_with(tmp_path / "p", tmp_path / "archives"))) == [
        "context",
        "context/Dockerfile",
        "context/Dockerfile.dockerignore",
        "context/out",
    ]


# Names that a context leaves out, or reads as its ignore file.
SPECIAL = (".git", "cdk.out", ".dockerignore")
NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name not in (".", "..", *SPECIAL))


@given(names=st.lists(NAMES, unique=True, max_size=8), data=st.binary(max_size=50))
def test_tar_gives_back_whatever_names_and_bytes_went_in(
    names: list[str], data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("names")
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    for name in names:
        (folder / "in" / name).write_bytes(data)
    context = ScopedContext.of(folder / "in", dockerfile=folder / "Dockerfile")
    extract(write_context_archive(context, folder / "archives"), folder / "out")
    got = {path.name: path.read_bytes() for path in (folder / "out" / "context").iterdir()}
    for added in {context.written_dockerfile, f"{context.written_dockerfile}.dockerignore"}:
        got.pop(added)
    # By bytes: a file system may spell a name otherwise than it was given.
    assert got == {path.name: data for path in (folder / "in").iterdir()}


def extract(archive: Path, destination: Path) -> subprocess.CompletedProcess[str]:
    """Run the buildspec's own command."""
    commands = buildspec(REQUEST)["phases"]["pre_build"]["commands"]
    (command,) = [command for command in commands if command.startswith("tar ")]
    unpacked = archive.with_suffix("")
    unpacked.write_bytes(gzip.decompress(archive.read_bytes()))
    there = command.replace("source.tar", str(unpacked)).replace(
        "--directory source", f"--directory {destination}"
    )
    assert there.count(str(destination)) == 1
    return subprocess.run(there.split(), capture_output=True, text=True, check=False)


def entry(name: str, *, link: str | None = None, hard: bool = False) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    if link is not None:
        made.type = tarfile.LNKTYPE if hard else tarfile.SYMTYPE
        made.linkname = link
    else:
        made.size = 4
    return made


@pytest.mark.parametrize(
    "hostile",
    [
        lambda out: [entry(f"{out}/owned")],
        lambda _: [entry("../outside/owned")],
        lambda out: [entry("context", link=str(out)), entry("context/owned")],
        lambda _: [entry("context", link="../outside"), entry("context/owned")],
        lambda out: [entry("context", link=str(out / "there"), hard=True), entry("context")],
    ],
    ids=["absolute name", "name with ..", "below an absolute link", "below a link with ..", "hard link"],
)
def test_an_archive_that_somebody_else_wrote_writes_nothing_outside(hostile: object, tmp_path: Path) -> None:
    """Extraction does not rely on who wrote the archive."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "there").write_text("mine")
    with tarfile.open(tmp_path / "archive.tar.gz", "w:gz") as archive:
        for member in hostile(outside):  # type: ignore[operator]
            archive.addfile(member, io.BytesIO(b"evil"))
    extract(tmp_path / "archive.tar.gz", inside)
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"there": "mine"}
