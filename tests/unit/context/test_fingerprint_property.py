"""The fingerprint changes when, and only when, something that the build can see has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scoped_images.context.scoped_context import ScopedContext

DOCKERFILE = "FROM scratch AS other\nCOPY elsewhere /\nFROM scratch\nCOPY --exclude=*.log app /app\n"
IGNORED = "app/cache\n"

# Files that the build sees, and files that it does not: ignored, excluded, of another stage, of no stage.
SEEN = ("app/main.py", "app/run.sh", "app/pkg/a.py", "app/pkg/b.log", "app/caf\u00e9")
UNSEEN = ("app/cache/x", "app/debug.log", "elsewhere/test.py", "README.md")
LINKS = ("app/link", "app/pkg/link")

Mutation = Callable[[Path], None]


def make_repository(root: Path) -> None:
    """Create the repository that is then changed."""
    for name in (*SEEN, *UNSEEN):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(f"{name}\nline\n".encode())
        (root / name).chmod(0o644)
    (root / "app/run.sh").chmod(0o755)
    (root / "app/empty").mkdir()
    for name in LINKS:
        (root / name).symlink_to("main.py")
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / ".dockerignore").write_text(IGNORED)


def visible(root: Path) -> dict[str, tuple[object, ...]]:
    """What the Dockerfile above can see, read without the code under test."""
    seen: dict[str, tuple[object, ...]] = {}
    app = root / "app"
    for path in app.rglob("*"):
        name = path.relative_to(app)
        if name.parts[0] == "cache" or name.parts[0].endswith(".log"):
            continue
        if path.is_symlink():
            seen[str(name)] = ("link", os.readlink(path))  # noqa: PTH115 - as written
        elif path.is_dir():
            seen[str(name)] = ("folder",)
        else:
            seen[str(name)] = ("file", bool(path.stat().st_mode & 0o100), path.read_bytes())
    return seen


def fingerprint(root: Path) -> str:
    return ScopedContext.from_dockerfile(root, platform="linux/amd64").fingerprint


def on_file(change: Callable[[Path], None]) -> Callable[[str], Mutation]:
    """Make a mutation of what is a file by now; what is not stays."""

    def of(name: str) -> Mutation:
        def mutate(root: Path) -> None:
            if (root / name).is_file() and not (root / name).is_symlink():
                change(root / name)

        mutate.__name__ = change.__name__
        return mutate

    return of


def append(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"more\n")


def same_size_and_mtime(file: Path) -> None:
    before = file.stat()
    content = file.read_bytes()
    with file.open("r+b") as stream:
        stream.write(content[::-1])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def toggle_crlf(file: Path) -> None:
    content = file.read_bytes()
    crlf = b"\r\n" in content
    file.write_bytes(content.replace(b"\r\n", b"\n") if crlf else content.replace(b"\n", b"\r\n"))


def toggle_executable(file: Path) -> None:
    file.chmod(file.stat().st_mode ^ 0o111)


def change_bits_of_the_umask(file: Path) -> None:
    file.chmod(file.stat().st_mode ^ 0o066)


def touch(file: Path) -> None:
    os.utime(file, (1, 1))


def give_away(file: Path) -> None:
    if os.getuid() == 0:
        os.chown(file, 12345, 12345)


def write_anew_under_another_umask(file: Path) -> None:
    """As another checkout does: same bytes, other inode, times and bits."""
    content, executable = file.read_bytes(), bool(file.stat().st_mode & 0o100)
    file.unlink()
    before = os.umask(0o077)
    try:
        file.write_bytes(content)
    finally:
        os.umask(before)
    if executable:
        file.chmod(file.stat().st_mode | 0o100)


def rename(file: Path) -> None:
    file.rename(file.with_name(f"renamed-{file.name}"))


def rename_to_and_fro(file: Path) -> None:
    file.rename(file.with_name("for-a-moment"))
    file.with_name("for-a-moment").rename(file)


def to_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def to_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("main.py")


def remove(file: Path) -> None:
    file.unlink()


def retarget(name: str, target: str) -> Mutation:
    def mutate(root: Path) -> None:
        (root / name).unlink()
        (root / name).symlink_to(target)

    mutate.__name__ = "retarget"
    return mutate


def add_beside(name: str) -> Mutation:
    def mutate(root: Path) -> None:
        (root / name).parent.joinpath("added").write_bytes(b"added\n")

    mutate.__name__ = "add"
    return mutate


def toggle_empty_folder(root: Path) -> None:
    folder = root / "app/empty"
    if folder.exists():
        folder.rmdir()
    else:
        folder.mkdir()


ON_FILES = (
    append,
    same_size_and_mtime,
    toggle_crlf,
    toggle_executable,
    change_bits_of_the_umask,
    touch,
    give_away,
    write_anew_under_another_umask,
    rename,
    rename_to_and_fro,
    to_folder,
    to_link,
    remove,
)
MUTATIONS = st.one_of(
    st.builds(lambda change, name: on_file(change)(name), st.sampled_from(ON_FILES), st.sampled_from(SEEN)),
    st.builds(lambda change, name: on_file(change)(name), st.sampled_from(ON_FILES), st.sampled_from(UNSEEN)),
    st.builds(
        retarget, st.sampled_from(LINKS), st.sampled_from(("main.py", "run.sh", "../main.py", "nowhere"))
    ),
    st.builds(add_beside, st.sampled_from((*SEEN, *UNSEEN))),
    st.just(toggle_empty_folder),
)


@given(mutations=st.lists(MUTATIONS, min_size=1, max_size=5))
@settings(max_examples=100)
def test_the_fingerprint_follows_what_the_build_sees(mutations: list[Mutation]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "checkout"
        make_repository(root)
        known = {fingerprint(root): visible(root)}
        for mutation in mutations:
            mutation(root)
            event(mutation.__name__)
            now, seen = fingerprint(root), visible(root)
            # One fingerprint for one content, also when an earlier content comes back.
            assert known.setdefault(now, seen) == seen, f"{mutation.__name__} is missed"
            assert [k for k, content in known.items() if content == seen] == [now], (
                f"{mutation.__name__} counts, and no build can see it"
            )
        moved = Path(folder) / "another" / "place"
        shutil.copytree(root, moved, symlinks=True)
        assert fingerprint(moved) == now


def test_each_kind_of_change_changes_the_fingerprint_or_not_as_it_should(tmp_path: Path) -> None:
    """The property above holds for mutations that really change something: here is which do."""
    changed = {}
    for change in ON_FILES:
        root = tmp_path / change.__name__
        make_repository(root)
        before = fingerprint(root)
        on_file(change)("app/run.sh")(root)
        changed[change.__name__] = fingerprint(root) != before
    assert changed == {
        "append": True,
        "same_size_and_mtime": True,
        "toggle_crlf": True,
        "toggle_executable": True,
        "change_bits_of_the_umask": False,
        "touch": False,
        "give_away": False,
        "write_anew_under_another_umask": False,
        "rename": True,
        "rename_to_and_fro": False,
        "to_folder": True,
        "to_link": True,
        "remove": True,
    }


_PRINT = """
import sys
from scoped_images.context.scoped_context import ScopedContext
try:
    print(ScopedContext.from_dockerfile(sys.argv[1], platform="linux/amd64").fingerprint)
except ValueError as error:
    print(error)
"""


def in_locale(root: Path, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", _PRINT, root],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], **environment},
    ).stdout.strip()


@pytest.mark.parametrize("locale", ["C", "tr_TR.UTF-8", "de_DE.ISO-8859-1"])
def test_the_fingerprint_does_not_depend_on_the_locale(locale: str, tmp_path: Path) -> None:
    """Sorting and the bytes of `café` among it."""
    make_repository(tmp_path)
    assert in_locale(tmp_path, LC_ALL=locale) == fingerprint(tmp_path)


def test_a_locale_that_would_read_other_names_is_refused(tmp_path: Path) -> None:
    make_repository(tmp_path)
    refused = in_locale(tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert refused.startswith("build context: this locale reads file names as ")
    assert refused.endswith("Dockerfiles are UTF-8: set PYTHONUTF8=1")
    assert in_locale(tmp_path, LC_ALL="C", PYTHONUTF8="1") == fingerprint(tmp_path)
