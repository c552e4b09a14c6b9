"""Named build contexts: what a target reads of them, and how they are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoped_images.errors import ScopedImagesError
from tests.unit.context.followed import below, find, make_repository, refusal


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "root")


def test_a_named_context_has_the_same_limit(root: Path) -> None:
    message = refusal(
        root, "COPY --from=shared . /", build_contexts={"shared": root / "other"}, max_bytes=10_000
    )
    assert message == (
        "build_contexts['shared']: the folder is 20.0 kB, and max_bytes is 10.0 kB: leave files out with .dockerignore, "
        "or raise max_bytes. The largest files:\n    20.0 kB  large  (Dockerfile:2)"
    )


def test_named_contexts_are_staged_without_anything_added(root: Path) -> None:
    """`COPY --from=shared . /` would take it too: a Dockerfile's ignore file does not apply to a named context."""
    shared = root.parent / "shared"
    shared.mkdir()
    (shared / "a").write_text("a")
    (shared / "b").write_text("b")
    (shared / ".dockerignore").write_text("b\n")
    context = find(root, "COPY --from=shared . /", build_contexts={"shared": shared})
    assert below(context.named["shared"].write_into(root.parent)) == [".dockerignore", "a"]
    with pytest.raises(ScopedImagesError, match=r"COPY source 'b' is left out by \.dockerignore:1: b$"):
        find(root, "COPY --from=shared b /", build_contexts={"shared": shared})


# (sentence, lines after FROM scratch, what is read of shared/ with a/f, a/g, b/f and l -> a)
NAMED = [
    ("a path", "COPY --from=shared a /a/", ["a", "a/f", "a/g"]),
    ("a wildcard", "COPY --from=shared a/f* /a/", ["a", "a/f"]),
    ("a link", "COPY --from=shared l /a/", ["a", "a/f", "a/g", "l"]),
    ("less an exclude", "COPY --from=shared --exclude=g a /a/", ["a", "a/f"]),
    ("a mount", "RUN --mount=from=shared,source=b,target=/b true", ["b", "b/f"]),
    ("a mounted cache", "RUN --mount=type=cache,from=shared,source=b,target=/b true", ["b", "b/f"]),
    ("a whole mount", "RUN --mount=from=shared,target=/s true", ["a", "a/f", "a/g", "b", "b/f", "l"]),
    ("an unknown source", "ARG X\nCOPY --from=shared $X /a/", ["a", "a/f", "a/g", "b", "b/f", "l"]),
    ("in place of a stage", "FROM scratch AS shared\nFROM scratch\nCOPY --from=shared b /", ["b", "b/f"]),
    ("a base", "FROM shared\nCOPY --from=shared b /", ["a", "a/f", "a/g", "b", "b/f", "l"]),
    ("a base in place of a stage", "FROM a AS shared\nFROM shared", ["a", "a/f", "a/g", "b", "b/f", "l"]),
]


@pytest.mark.parametrize(("lines", "expected"), [n[1:] for n in NAMED], ids=[n[0] for n in NAMED])
def test_only_what_is_read_of_a_named_context_is_copied_and_counted(
    root: Path, lines: str, expected: list[str]
) -> None:
    shared = root.parent / "shared"
    for name in ("a/f", "a/g", "b/f"):
        (shared / name).parent.mkdir(parents=True, exist_ok=True)
        (shared / name).write_text(name)
    (shared / "l").symlink_to("a")
    before = find(root, lines, build_contexts={"shared": shared})
    assert below(before.named["shared"].write_into(root.parent)) == expected
    (shared / "b/f").write_text("changed")
    changed = find(root, lines, build_contexts={"shared": shared}).fingerprint != before.fingerprint
    assert changed is ("b/f" in expected)


def test_a_missing_source_of_a_named_context_is_an_error_that_names_both(root: Path) -> None:
    shared = root.parent / "shared"
    shared.mkdir()
    message = (
        f"build_contexts['shared']: Dockerfile:2: COPY source 'a' does not exist: there is no {shared}/a"
    )
    with pytest.raises(ScopedImagesError, match=f"^{re.escape(message)}$"):
        find(root, "COPY --from=shared a /", build_contexts={"shared": shared})


@pytest.mark.parametrize(
    ("lines", "ignore", "message"),
    [
        (
            "COPY --from=shared . /\nCOPY --from=shared gone /",
            "",
            "Dockerfile:3: COPY source 'gone' does not exist: there is no {shared}/gone",
        ),
        (
            "COPY --from=shared . /",
            "a\n!a/b\na",
            "build context: BuildKit would copy 'a/b' without its content, because .dockerignore:3: a comes again after "
            "an exception; remove one of the two lines",
        ),
    ],
    ids=["another source is missing", "a file that BuildKit would send empty"],
)
def test_a_named_context_that_is_copied_whole_is_checked_as_the_root_is(
    root: Path, lines: str, ignore: str, message: str
) -> None:
    shared = root.parent / "shared"
    (shared / "a").mkdir(parents=True)
    (shared / "a" / "b").write_text("b")
    (shared / ".dockerignore").write_text(ignore)
    assert refusal(root, lines, build_contexts={"shared": shared}) == (
        f"build_contexts['shared']: {message.format(shared=shared)}"
    )


def test_only_named_contexts_in_use_are_read_and_counted(root: Path) -> None:
    shared = root.parent / "shared"
    shared.mkdir()
    contexts = {"build_contexts": {"shared": shared, "unused": "nowhere"}}
    before = find(root, "COPY --from=shared . /", **contexts)
    (shared / "a").write_text("a")
    after = find(root, "COPY --from=shared . /", **contexts)
    assert set(after.named) == {"shared"}
    assert after.fingerprint != before.fingerprint
