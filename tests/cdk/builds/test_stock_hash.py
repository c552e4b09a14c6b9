"""What the hash of CDK's own DockerImageAsset misses, and ours does not.

When one of these fails at "stock", upstream has fixed it: take its row out of the decision records and the README.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk.aws_ecr_assets import DockerImageAsset

from scoped_images import Platform, ScopedContext, ScopedImage

DOCKERFILE = "FROM scratch\nCOPY run.sh /\nCOPY --from=shared . /shared\n"


@dataclass(frozen=True)
class Hashes:
    """The asset hashes of one repository, by who computes them."""

    stock: str
    ours: str


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a script, and a second folder that the build knows as `shared`."""
    root = tmp_path / "repository"
    (root / "shared").mkdir(parents=True)
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "run.sh").write_text("#!/bin/sh\necho 1\n")
    (root / "run.sh").chmod(0o644)
    (root / "shared" / "library.py").write_text("one\n")
    (root / ".dockerignore").write_text("shared\n")
    return root


def hashes(root: Path) -> Hashes:
    """Synthesize an app with both, in a cloud assembly of its own: nothing is taken from an earlier one."""
    number = len(list(root.parent.glob("cdk.out.*")))
    app = cdk.App(outdir=str(root.parent / f"cdk.out.{number}"))
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    stock = DockerImageAsset(
        stack, "Stock", directory=str(root), build_contexts={"shared": str(root / "shared")}
    )
    context = ScopedContext.from_dockerfile(
        root, platform=Platform.LINUX_ARM64, build_contexts={"shared": root / "shared"}
    )
    ours = ScopedImage(stack, "Ours", context=context, platform=Platform.LINUX_ARM64)
    app.synth()
    return Hashes(stock.asset_hash, ours.tag)


def make_executable(root: Path) -> None:
    (root / "run.sh").chmod(0o755)


def to_crlf(root: Path) -> None:
    (root / "run.sh").write_bytes((root / "run.sh").read_bytes().replace(b"\n", b"\r\n"))


def other_bytes_of_one_size_and_time(root: Path) -> None:
    file = root / "run.sh"
    before = file.stat()
    with file.open("r+") as stream:
        stream.write("#!/bin/sh\necho 2\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def edit_named_context(root: Path) -> None:
    (root / "shared" / "library.py").write_text("two, and longer\n")


MISSED = [make_executable, to_crlf, other_bytes_of_one_size_and_time, edit_named_context]


@pytest.mark.parametrize("change", MISSED)
def test_the_stock_hash_misses_what_ours_tells(change: Callable[[Path], None], root: Path) -> None:
    before = hashes(root)
    change(root)
    after = hashes(root)
    assert after.stock == before.stock, f"stock: upstream now sees {change.__name__}"
    assert after.ours != before.ours


def test_both_change_with_an_ordinary_edit_and_with_nothing_else(root: Path) -> None:
    """The comparison above is of hashes that do follow the files."""
    before = hashes(root)
    assert hashes(root) == before
    (root / "run.sh").write_text("#!/bin/sh\necho a longer line\n")
    after = hashes(root)
    assert after.stock != before.stock
    assert after.ours != before.ours
