"""A context found by following a Dockerfile: what it refuses, by exact words, and how it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.context.followed import below, find, make_repository, refusal


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "root")


# (sentence, Dockerfile lines, options, message)
REFUSALS: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "a Dockerfile that is a link to itself",
        "",
        {"dockerfile": "loop"},
        "build context: cannot read Dockerfile {root}/loop: Too many levels of symbolic links",
    ),
    (
        "a build argument that is not text",
        "",
        {"build_args": {"N": 3}},
        "build_args['N']: must be text, got 3 of type int; use '3'",
    ),
    (
        "a text for a list",
        "",
        {"include": "app"},
        "include: must be a list, got 'app'; use ['app']",
    ),
    *(
        (f"{name}: {value!r}", "", {name: value}, message)
        for name, value, message in (
            ("include", None, "include: must be a list, got None; use [None]"),
            ("include", ["a\0"], "include source 'a\\x00' does not exist: there is no {root}/a\\x00"),
            ("platform", None, "platform: must be one of 'linux/amd64', 'linux/arm64', got None"),
            (
                "build_args",
                ["V=1"],
                "build_args: must be Mapping, got list ['V=1']; use values by name, {'VERSION': '1'}",
            ),
            (
                "build_contexts",
                "x",
                "build_contexts: must be Mapping, got str 'x'; use folders by name, {'shared': '../shared'}",
            ),
            (
                "build_contexts",
                {1: "."},
                "build_contexts: must be str, got int 1; use folders by name, {'shared': '../shared'}",
            ),
            (
                "build_contexts",
                {"a": 1},
                "build_contexts['a']: must be str or Path, got int 1; use the path of a folder",
            ),
            ("dockerfile", "a\0", "dockerfile: must be a path, got 'a\\x00'; leave out the NUL"),
            ("target", 1, "target: must be str, got int 1; use the name of a stage"),
            ("max_bytes", "x", "max_bytes: must be int, got str 'x'; use a number of bytes"),
        )
    ),
    (
        "too large",
        "COPY app /a\nCOPY other app/main.py /b",
        {"max_bytes": 10_000},
        "build context of Dockerfile is 20.0 kB, and max_bytes is 10.0 kB: leave files out with "
        "Dockerfile.dockerignore, or raise max_bytes. The largest files:\n"
        "    20.0 kB  other/large  (Dockerfile:3)\n"
        "        9 B  app/main.py  (Dockerfile:2, Dockerfile:3)",
    ),
    (
        "too large with what is included",
        "COPY app /a",
        {"max_bytes": 10_000, "include": ["other"]},
        "build context of Dockerfile is 20.0 kB, and max_bytes is 10.0 kB: leave files out with "
        "Dockerfile.dockerignore, or raise max_bytes. The largest files:\n"
        "    20.0 kB  other/large  (include)\n"
        "        9 B  app/main.py  (Dockerfile:2)",
    ),
    (
        "a named context that is not there",
        "COPY --from=shared a /",
        {"build_contexts": {"shared": "nowhere"}},
        "build_contexts['shared']: build context: directory 'nowhere' does not exist or is not a folder",
    ),
    (
        "no size",
        "COPY app /a",
        {"max_bytes": 0},
        "max_bytes: must be at least 1, got 0",
    ),
]


@pytest.mark.parametrize(
    ("lines", "options", "message"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_refuses(root: Path, lines: str, options: dict[str, Any], message: str) -> None:
    (root / "loop").symlink_to("loop")
    assert refusal(root, lines, **options) == message.replace("{root}", str(root))


def test_copying_the_whole_root_warns_with_the_largest_parts(root: Path) -> None:
    for number in range(12):
        (root / f"part-{number:02}").write_bytes(bytes(100 * (number + 1)))
    assert find(root, "COPY . /").warnings == (
        "Dockerfile:2: takes the whole context; its largest parts: other 20.0 kB, part-11 1.2 kB, part-10 1.1 kB, "
        "part-09 1.0 kB, part-08 900 B, part-07 800 B, part-06 700 B, part-05 600 B, part-04 500 B, part-03 400 B",
    )


def test_a_dockerfile_that_copies_itself_needs_no_second_one(root: Path) -> None:
    """A second one would land in the image."""
    (root / ".dockerignore").write_text("other\n")
    context = find(root, "COPY . /")
    context.write(root.parent / "out")
    assert context.written_dockerfile == "Dockerfile"
    assert below(root.parent / "out") == [
        ".dockerignore",
        "Dockerfile",
        "Dockerfile.dockerignore",
        "app",
        "app/main.py",
    ]
    assert (root.parent / "out" / "Dockerfile.dockerignore").read_text() == "/Dockerfile.dockerignore\n"


def test_an_ignore_file_that_is_copied_stays_what_it_is(root: Path) -> None:
    (root / "Dockerfile.dockerignore").write_text("other\n")
    context = find(root, "COPY . /")
    context.write(root.parent / "out")
    assert below(root.parent / "out") == ["Dockerfile", "Dockerfile.dockerignore", "app", "app/main.py"]
    assert (root.parent / "out" / "Dockerfile.dockerignore").read_text() == "other\n"


def test_two_dockerfiles_of_one_text_are_not_staged_as_one(root: Path) -> None:
    """The one is among the files that it copies, the other has to be added."""
    own = find(root, "COPY . /")
    (root / "copy.Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (root / "copy.Dockerfile.dockerignore").write_text("copy.*\n")
    (root / "Dockerfile.dockerignore").write_text("")
    beside = find(root, "COPY . /", dockerfile="copy.Dockerfile")
    (root / "copy.Dockerfile").rename(root.parent / "copy.Dockerfile")
    (root / "copy.Dockerfile.dockerignore").unlink()
    again = find(root, "COPY . /")
    assert again.files == beside.files != own.files
    assert again.written_dockerfile != beside.written_dockerfile
    assert again.fingerprint != beside.fingerprint
