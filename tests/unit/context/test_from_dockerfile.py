"""A context found by following a Dockerfile: what it refuses, by exact words, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository that is built from `app`."""
    root = tmp_path / "root"
    (root / "app").mkdir(parents=True)
    (root / "app" / "main.py").write_text("print(1)\n")
    (root / "other").mkdir()
    (root / "other" / "large").write_bytes(bytes(20_000))
    (root / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
    return root


def find(root: Path, lines: str = "COPY app /app", **options: Any) -> ScopedContext:
    """Find the context of a Dockerfile whose first line after FROM is line 2."""
    (root / "Dockerfile").write_text(f"FROM scratch\n{lines}\n")
    return ScopedContext.from_dockerfile(root, **{"platform": "linux/amd64", **options})


def refusal(root: Path, lines: str = "COPY app /app", **options: Any) -> str:
    with pytest.raises(ScopedImagesError) as caught:
        find(root, lines, **options)
    return str(caught.value)


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# (sentence, Dockerfile lines, options, message)
REFUSALS: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "a variable without a value",
        "ARG PART\nCOPY $PART /x",
        {},
        "Dockerfile:3: COPY source '$PART' depends on $PART, which has no value when the app is synthesized; give it one "
        "with build_args={'PART': …}, or name the files with include=[…]",
    ),
    (
        "a source that is not there",
        "COPY gone /x",
        {},
        "Dockerfile:2: COPY source 'gone' does not exist: there is no {root}/gone",
    ),
    (
        "a link out of the root",
        "COPY out /x",
        {},
        "Dockerfile:2: COPY source 'out' goes through the link 'out' to '../beside', which leads out of the build "
        "context or to nothing in it: there is no 'beside' in the context",
    ),
    (
        "a Dockerfile that is a link to itself",
        "",
        {"dockerfile": "loop"},
        "build context: cannot read Dockerfile {root}/loop: Too many levels of symbolic links",
    ),
    (
        "a platform that is none",
        "",
        {"platform": "amd64"},
        "platform: must be one of 'linux/amd64', 'linux/arm64', got 'amd64'",
    ),
    (
        "a build argument that is no text",
        "",
        {"build_args": {"N": 3}},
        "build_args['N']: must be text, got 3 of type int; use '3'",
    ),
    (
        "a build argument that is a token",
        "",
        {"build_args": {"N": "${Token[TOKEN.1]}"}},
        "build_args['N']: must not be a token, got '${Token[TOKEN.1]}'; images are built before CloudFormation knows its "
        "value, so use a literal, or read the value at run time",
    ),
    (
        "a text for a list",
        "",
        {"include": "app"},
        "include: must be a list, got 'app'; use include=['app']",
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
    (root.parent / "beside").write_text("FROM scratch\n")
    (root / "out").symlink_to("../beside")
    (root / "loop").symlink_to("loop")
    assert refusal(root, lines, **options) == message.replace("{root}", str(root))


def test_a_named_context_has_the_same_limit(root: Path) -> None:
    message = refusal(
        root, "COPY --from=shared . /", build_contexts={"shared": root / "other"}, max_bytes=10_000
    )
    assert message == (
        "build_contexts['shared']: the folder is 20.0 kB, and max_bytes is 10.0 kB: leave files out with .dockerignore, "
        "or raise max_bytes. The largest files:\n    20.0 kB  large"
    )


def test_too_large_a_file_is_not_read(root: Path) -> None:
    """A sparse file of a terabyte would take an hour to hash."""
    with (root / "app" / "huge").open("wb") as stream:
        stream.truncate(10**12)
    assert "is 1000.0 GB, and max_bytes is 250.0 MB" in refusal(root)


@pytest.mark.parametrize(
    "dockerfile",
    ["Dockerfile", "./Dockerfile", "../root/Dockerfile", "{root}/Dockerfile", "{link}/Dockerfile"],
)
def test_a_dockerfile_inside_the_root_is_found_however_it_is_written(root: Path, dockerfile: str) -> None:
    link = root.parent / "link"
    link.symlink_to("root")
    context = find(root, dockerfile=dockerfile.format(root=root, link=link))
    assert context.dockerfile == root / "Dockerfile"
    assert [file.path for file in context.files] == ["app", "app/main.py"]


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


def test_named_contexts_are_staged_without_anything_added(root: Path) -> None:
    """`COPY --from=shared . /` would take it, too: no Dockerfile's ignore file speaks of a named context."""
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


def test_only_named_contexts_in_use_are_read_and_counted(root: Path) -> None:
    shared = root.parent / "shared"
    shared.mkdir()
    contexts = {"build_contexts": {"shared": shared, "unused": "nowhere"}}
    before = find(root, "COPY --from=shared . /", **contexts)
    (shared / "a").write_text("a")
    after = find(root, "COPY --from=shared . /", **contexts)
    assert set(after.named) == {"shared"}
    assert after.fingerprint != before.fingerprint


def test_a_root_written_with_dots_is_the_same_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dockerfile that is a link keeps its own ignore file, from wherever it is looked at."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "api.Dockerfile").write_text("FROM scratch\nCOPY a* b* /\n")
    (tmp_path / "docker" / "api.Dockerfile.dockerignore").write_text("a\n")
    (tmp_path / "Dockerfile").symlink_to("docker/api.Dockerfile")
    (tmp_path / "Dockerfile.dockerignore").write_text("b\n")
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    straight = ScopedContext.from_dockerfile(tmp_path, platform="linux/amd64")
    monkeypatch.chdir(tmp_path / "infra")
    dotted = ScopedContext.from_dockerfile("..", platform="linux/amd64")
    assert [file.path for file in straight.files] == ["a"]
    assert dotted.fingerprint == straight.fingerprint


@pytest.mark.parametrize(
    "source", ["https://example.com/${VERSION}/x.tgz", "git@example.com:a/${B}.git", "x://[a"]
)
def test_a_remote_source_may_hold_unknown_variables(tmp_path: Path, source: str) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM node:20\nADD {source} /\n")
    if source.startswith("x://"):
        with pytest.raises(ScopedImagesError, match="does not exist"):
            ScopedContext.from_dockerfile(tmp_path, platform="linux/amd64")
        return
    assert ScopedContext.from_dockerfile(tmp_path, platform="linux/amd64").files == ()


def test_a_line_that_continues_into_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "y").write_text("y")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY y /\n\\\n")
    with pytest.raises(
        ScopedImagesError, match=r"Dockerfile:\d+: the line continues into nothing; remove it"
    ):
        ScopedContext.from_dockerfile(tmp_path, platform="linux/amd64")


def test_a_root_that_no_file_system_takes_is_one_line() -> None:
    with pytest.raises(ScopedImagesError, match="build context: cannot read 'x"):
        ScopedContext.from_dockerfile("x" * 300, platform="linux/amd64")


@pytest.mark.parametrize(
    ("dockerfile", "way_out"),
    [
        ("ARG P=api\nFROM alpine\nCOPY s/${P} /\n", "with `ARG P` in that stage and build_args={'P': …}, or"),
        ("FROM alpine\nARG P\nCOPY s/${P} /\n", "with build_args={'P': …}, or"),
        ("FROM alpine\nCOPY bin-${TARGETARCH} /\n", "with `ARG TARGETARCH` in that stage, or"),
        (
            "FROM alpine\nCOPY ${BUILD_DIR} /\n",
            "with `ARG BUILD_DIR` in that stage and build_args={'BUILD_DIR'",
        ),
    ],
)
def test_the_way_out_of_a_missing_value_is_one_that_works(
    tmp_path: Path, dockerfile: str, way_out: str
) -> None:
    (tmp_path / "Dockerfile").write_text(dockerfile)
    with pytest.raises(ScopedImagesError) as caught:
        ScopedContext.from_dockerfile(tmp_path, platform="linux/amd64")
    assert way_out in str(caught.value)


def test_a_dockerfile_outside_of_the_root_reads_the_root_and_has_its_own_ignore_file(root: Path) -> None:
    """As `docker build -f ../docker/py.Dockerfile .` does."""
    docker = root.parent / "docker"
    docker.mkdir()
    (docker / "py.Dockerfile").write_text("FROM scratch\nCOPY app /app\nCOPY gone* /\n")
    (docker / "py.Dockerfile.dockerignore").write_text("app/ignored\n")
    (root / "app" / "ignored").touch()
    context = ScopedContext.from_dockerfile(root, "../docker/py.Dockerfile", platform="linux/amd64")
    assert [file.path for file in context.files] == ["app", "app/main.py"]
    assert context.warnings == ("../docker/py.Dockerfile:3: COPY source 'gone*' matches nothing",)
    context.write(root.parent / "out")
    assert (root.parent / "out" / "Dockerfile").read_bytes() == (docker / "py.Dockerfile").read_bytes()


@pytest.mark.parametrize("way", [ScopedContext.of, ScopedContext.from_dockerfile, ScopedContext.repository])
def test_a_lower_case_dockerfile_stands_in_for_a_missing_one(way: Any, root: Path) -> None:
    options = {} if way == ScopedContext.of else {"platform": "linux/amd64"}
    (root / "dockerfile").write_text("FROM scratch\n")
    assert way(root, **options).dockerfile == root / "Dockerfile"
    (root / "Dockerfile").unlink()
    assert way(root, **options).dockerfile == root / "dockerfile"


def test_for_a_source_beside_the_dockerfile_its_folder_is_proposed_as_root(root: Path) -> None:
    (root / "service").mkdir()
    (root / "service" / "main.py").touch()
    (root / "service" / "Dockerfile").write_text("FROM scratch\nCOPY main.py /\n")
    assert refusal(root, dockerfile="service/Dockerfile") == (
        f"service/Dockerfile:2: COPY source 'main.py' does not exist: there is no {root}/main.py; did you mean "
        f"root='{root}/service'?"
    )


WAYS = [
    lambda root: ScopedContext.from_dockerfile(root, platform=Platform.LINUX_AMD64),
    ScopedContext.of,
    lambda root: ScopedContext.repository(root, platform=Platform.LINUX_AMD64),
]


@pytest.mark.parametrize("way", WAYS, ids=["from_dockerfile", "of", "repository"])
def test_a_dockerfile_that_links_out_of_the_root_is_refused_unread(
    way: Callable[[Path], ScopedContext], tmp_path: Path
) -> None:
    """Its first word would stand in an error, and its bytes in the cloud assembly."""
    (tmp_path / "credentials").write_text("hunter2 is the password\n")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "Dockerfile").symlink_to("../credentials")
    with pytest.raises(ScopedImagesError) as refused:
        way(tmp_path / "root")
    assert str(refused.value) == (
        f"dockerfile: {tmp_path}/root/Dockerfile is a link to {tmp_path}/credentials, which is outside of "
        f"{tmp_path}/root; pass that file as dockerfile=, or replace the link with a copy"
    )


def test_a_dockerfile_outside_of_the_root_may_be_a_link_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "one.Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "docker" / "other.Dockerfile").symlink_to("one.Dockerfile")
    context = ScopedContext.of(tmp_path / "root", dockerfile=tmp_path / "docker" / "other.Dockerfile")
    assert context.dockerfile_bytes == b"FROM scratch\n"


def test_a_path_in_windows_spelling_is_explained(tmp_path: Path) -> None:
    """A backslash is part of a name here."""
    (tmp_path / "lambdas" / "upload").mkdir(parents=True)
    (tmp_path / "lambdas" / "upload" / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(ScopedImagesError) as refused:
        ScopedContext.of(f"{tmp_path}/lambdas\\upload")
    assert str(refused.value) == (
        f"build context: directory {str(tmp_path) + '/lambdas' + chr(92) + 'upload'!r} does not exist or is not a "
        "folder; write it with forward slashes"
    )
    with pytest.raises(ScopedImagesError) as refused:
        ScopedContext.from_dockerfile(tmp_path, "lambdas\\upload\\Dockerfile", platform=Platform.LINUX_AMD64)
    assert str(refused.value) == (
        f"build context: cannot read Dockerfile {tmp_path}/lambdas\\upload\\Dockerfile: No such file or directory; write "
        "it with forward slashes"
    )
