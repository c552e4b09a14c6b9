"""The scoped context builds what the full context builds: corners of BuildKit, each by name."""

from __future__ import annotations

import hashlib
import sys

import pytest

from tests.differential.case import build_scoped, check, compare
from tests.differential.named_cases import (
    BUILDS,
    FAILS,
    MODES,
    MOUNTS,
    NAMED,
    case,
    with_mount,
    with_named_context,
)

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(("there", "lines", "ignore"), [b[1:] for b in BUILDS], ids=[b[0] for b in BUILDS])
def test_builds_the_same(there: list[str], lines: str, ignore: str | None) -> None:
    outcome = check(case(there, lines, ignore))
    assert outcome.full.files is not None, outcome.full.error[-400:]


def test_an_image_gets_the_documented_modes_and_those_that_the_dockerfile_sets() -> None:
    outcome = check(MODES)
    assert outcome.full.files is not None, outcome.full.error[-400:]
    modes = {path: mode for path, (_, mode, _) in outcome.full.files.items()}
    assert modes == {"d": 0o755, "d/closed": 0o644, "d/program": 0o755, "set": 0o640}


@pytest.mark.parametrize(("there", "lines"), [n[1:] for n in NAMED], ids=[n[0] for n in NAMED])
def test_a_named_context_gives_the_same(there: list[str], lines: str) -> None:
    check(with_named_context(there, lines))


@pytest.mark.parametrize(("there", "lines", "ignore"), [f[1:] for f in FAILS], ids=[f[0] for f in FAILS])
def test_fails_with_both(there: list[str], lines: str, ignore: str | None) -> None:
    outcome = check(case(there, lines, ignore))
    assert outcome.full.files is None


def test_a_file_that_buildkit_sends_empty_is_refused() -> None:
    """When this fails, BuildKit's client no longer blanks files, and IgnoreFile.blanks can go."""
    outcome = compare(case(["a/b", "a/c"], "COPY a /z/", "a\n!a/b\na\n"))
    assert "BuildKit would copy 'a/b' without its content" in outcome.refusal
    assert outcome.full.files is not None
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert outcome.full.files["z/b"] == ("0", 0o644, empty)


def test_an_excluded_folder_in_the_place_of_a_file_is_not_in_the_way() -> None:
    """BuildKit up to 0.26 fails with only the full context; built at once with it, at times with both."""
    made = case(["a", "b/a/c"], "COPY --exclude=a ? /x/")
    scoped = build_scoped(made)
    assert scoped.files is not None, scoped.error[-400:]
    assert sorted(scoped.files) == ["x", "x/a"]
    check(made)


@pytest.mark.skipif(sys.platform != "linux", reason="takes the machine's shell for an image")
@pytest.mark.parametrize(("there", "mount", "seen"), [m[1:] for m in MOUNTS], ids=[m[0] for m in MOUNTS])
def test_run_sees_the_same_through_a_mount(there: list[str], mount: str, seen: str) -> None:
    outcome = check(with_mount(there, mount))
    assert outcome.full.files is not None, outcome.full.error[-400:]
    assert outcome.full.files["seen"][2] == hashlib.sha256(seen.encode()).hexdigest()
