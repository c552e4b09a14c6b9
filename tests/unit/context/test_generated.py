"""Generated files are part of a context as those of its folder are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from tests.refusals import refused


@pytest.fixture
def context(tmp_path: Path) -> ScopedContext:
    """A folder with one file and one link."""
    folder = tmp_path / "folder"
    (folder / "src").mkdir(parents=True)
    (folder / "src/code.py").write_text("print(1)\n")
    (folder / "link").symlink_to("src")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return ScopedContext.of(folder, dockerfile=tmp_path / "Dockerfile")


def with_generated(context: ScopedContext, generated: dict[str, bytes]) -> ScopedContext:
    return dataclasses.replace(context, generated=generated)


def test_is_written_beside_the_files_of_the_root(context: ScopedContext, tmp_path: Path) -> None:
    with_generated(context, {"requirements.txt": b"boto3\n", "src/made.py": b"A = 1\n"}).write(
        tmp_path / "out"
    )
    assert (tmp_path / "out/requirements.txt").read_bytes() == b"boto3\n"
    assert (tmp_path / "out/src/made.py").read_bytes() == b"A = 1\n"
    assert (tmp_path / "out/src/code.py").is_file()


def test_goes_into_a_folder_that_is_read_only(context: ScopedContext, tmp_path: Path) -> None:
    (context.root / "src").chmod(0o555)
    read_only = ScopedContext.of(context.root, dockerfile=context.dockerfile)
    with_generated(read_only, {"src/made.py": b""}).write(tmp_path / "out")
    assert (tmp_path / "out/src/made.py").is_file()


def test_counts_in_size_and_fingerprint(context: ScopedContext) -> None:
    one = with_generated(context, {"requirements.txt": b"boto3\n"})
    other = with_generated(context, {"requirements.txt": b"boto4\n"})
    assert one.size == context.size + 6
    assert len({context.fingerprint, one.fingerprint, other.fingerprint}) == 3


def test_has_the_fingerprint_of_the_same_file_in_the_root(context: ScopedContext) -> None:
    generated = with_generated(context, {"requirements.txt": b"boto3\n"})
    (context.root / "requirements.txt").write_bytes(b"boto3\n")
    assert ScopedContext.of(context.root, dockerfile=context.dockerfile).fingerprint == generated.fingerprint


def test_a_generated_dockerfile_gets_the_real_one_out_of_its_way(context: ScopedContext) -> None:
    assert with_generated(context, {"Dockerfile": b""}).written_dockerfile == "Dockerfile.scoped-images"


TOO = "the context's root has this path too; rename one of them, or leave the root's out with its ignore file"
NO_FOLDER = "is not a folder in the context's root; rename one of them"
RELATIVE = "generated: must have paths relative to the context's root, without '.' and '..'"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("src/code.py", f"generated['src/code.py']: {TOO}"),
        ("src", f"generated['src']: {TOO}"),
        ("link/made.py", f"generated['link/made.py']: 'link' {NO_FOLDER}"),
        ("src/code.py/deep/made", f"generated['src/code.py/deep/made']: 'src/code.py' {NO_FOLDER}"),
        *((path, f"{RELATIVE}, got {path!r}") for path in ("../made.py", "/made.py", "")),
    ],
)
def test_a_path_that_clashes_is_refused(context: ScopedContext, path: str, message: str) -> None:
    with refused(message):
        with_generated(context, {path: b""})


@pytest.mark.parametrize("paths", [("a", "a/b"), ("a/b", "a")])
def test_two_generated_paths_do_not_contain_each_other(
    context: ScopedContext, paths: tuple[str, ...]
) -> None:
    with refused(f"generated['a/b']: 'a' {NO_FOLDER}"):
        with_generated(context, dict.fromkeys(paths, b""))


def test_text_is_refused(context: ScopedContext) -> None:
    with pytest.raises(
        ScopedImagesError, match=r"generated\['a'\]: must be bytes, got str; use text.encode\(\)"
    ):
        with_generated(context, {"a": "text"})  # type: ignore[dict-item]
