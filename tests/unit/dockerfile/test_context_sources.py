"""What the instructions of a Dockerfile read of the build context, stage by stage."""

from __future__ import annotations

from typing import Any

import pytest

from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.sources import Source
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.platform import Platform


def paths(text: str, **options: Any) -> list[str]:
    """Sources of a Dockerfile, in the order of their lines."""
    return [source.path for source in context_sources(text, TargetOptions(**options)).sources]


# (sentence, Dockerfile, sources)
FORMS = [
    ("one source", "COPY a /x", ["a"]),
    ("several sources", "COPY a b/c /x/", ["a", "b/c"]),
    ("the JSON form, with spaces", 'COPY ["a b", "c", "/x/"]', ["a b", "c"]),
    ("a leading slash", "COPY /a /x", ["a"]),
    ("a leading dot", "COPY ./a /x", ["a"]),
    ("a trailing slash", "COPY a/ /x", ["a"]),
    ("dots stop at the root", "COPY ../../a b/../../c /x/", ["a", "c"]),
    ("the root in every spelling", "COPY . ./ / x/.. /x/", [".", ".", ".", "."]),
    ("a wildcard stays", "COPY src/*.py /x/", ["src/*.py"]),
    ("quotes and escapes go", r"""COPY "a"'b' c\$d /x/""", ["ab", "c$d"]),
    ("a heredoc is not a file", "COPY <<EOF a /x/\nCOPY b /y\nEOF\nCOPY c /x/", ["a", "c"]),
    ("ADD of a local archive", "ADD a.tar.gz /x/", ["a.tar.gz"]),
    (
        "ADD of URLs and git",
        "ADD https://e.org/a git@e.org:a/b.git https://e.org/a.git#v1:sub ssh://e/a b /x/",
        ["b"],
    ),
    ("ADD of URLs with unknown variables", "ADD https://e.org/$V/x.tgz git@e.org:a/${B}.git /x/", []),
    ("an unknown scheme is a path", "ADD x://[a /x/", ["x:/[a"]),
    ("a path like a repository is a path", "ADD github.com/a/b /x/", ["github.com/a/b"]),
    ("a bind mount of the context", "RUN --mount=type=bind,target=/x true", ["."]),
    ("a bind mount by default", "RUN --mount=source=a,target=/x true", ["a"]),
    ("a bind mount with another spelling", "RUN --mount=type=bind,src=./a,'\"target=/x,y\"' true", ["a"]),
    ("two mounts", "RUN --mount=source=a,target=/x --mount=source=b,dst=/y true", ["a", "b"]),
    ("a mount from an image", "RUN --mount=from=debian,source=a,target=/x true", []),
    (
        "mounts without files",
        "RUN --mount=type=cache,target=/x --mount=type=secret,id=s --mount=type=tmpfs,dst=/t true",
        [],
    ),
    ("COPY from an image", "COPY --from=debian:12 /a /x", []),
    ("an instruction that reads nothing", 'CMD ["COPY", "a", "b"]\nLABEL a=b', []),
    ("an ONBUILD of the target itself does not run", "ONBUILD COPY a /x", []),
]


@pytest.mark.parametrize(("text", "expected"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS])
def test_forms(text: str, expected: list[str]) -> None:
    assert paths(f"FROM scratch\n{text}\n") == expected


STAGES = """\
FROM scratch AS base
COPY base /
FROM base AS Tools
COPY tools /
FROM base AS unused
COPY unused /
FROM scratch AS copied
COPY copied /
FROM scratch AS mounted
COPY mounted /
FROM debian AS final
COPY --from=TOOLS /tools /
COPY --from=3 /copied /
RUN --mount=from=mounted,target=/m true
COPY final /
FROM scratch AS after
COPY after /
"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("base", ["base"]),
        ("tools", ["base", "tools"]),
        ("Tools", ["base", "tools"]),
        ("final", ["base", "tools", "copied", "mounted", "final"]),
        (None, ["after"]),
    ],
)
def test_only_stages_that_the_target_needs_are_read(target: str | None, expected: list[str]) -> None:
    assert paths(STAGES, target=target) == expected


def test_copy_takes_the_last_stage_of_a_name_and_from_the_last_before() -> None:
    text = (
        "FROM scratch AS p\nCOPY a /\nFROM p AS q\nFROM scratch AS p\nCOPY b /\nFROM q\nCOPY --from=p / /\n"
    )
    assert paths(text) == ["a", "b"]


def test_onbuild_of_a_stage_runs_in_the_stages_from_it() -> None:
    text = (
        "FROM scratch AS p\nONBUILD ARG X=a\nONBUILD COPY --chmod=755 $X <<EOF /x/\nb\nEOF\n"
        "ONBUILD RUN --mount=source=m,target=/m <<EOF\ntrue\nEOF\n"
        "FROM p AS q\nCOPY c /\nFROM q\n"
    )
    assert paths(text) == ["a", "m", "c"]
    assert context_sources(text).sources[0].line == 3


def test_an_onbuild_may_need_another_stage() -> None:
    text = "FROM scratch AS o\nCOPY a /\nFROM scratch AS p\nONBUILD COPY --from=o / /\nFROM p\n"
    assert paths(text) == ["a"]


# (sentence, Dockerfile, build arguments, sources)
VARIABLES = [
    ("a default", "FROM scratch\nARG X=a\nCOPY $X /", {}, ["a"]),
    ("a build argument beats the default", "FROM scratch\nARG X=a\nCOPY $X /", {"X": "b"}, ["b"]),
    ("a build argument without an ARG is not seen", "FROM scratch\nARG Y\nCOPY ${Y:-c} /", {"X": "b"}, ["c"]),
    ("ENV beats an ARG before it", "FROM scratch\nARG X=a\nENV X=e\nCOPY $X /", {"X": "b"}, ["e"]),
    ("an ARG beats an ENV before it", "FROM scratch\nENV X=e\nARG X=a\nCOPY $X /", {}, ["a"]),
    ("an ARG without a value leaves an ENV", "FROM scratch\nENV X=e\nARG X\nCOPY $X /", {}, ["e"]),
    ("ENV sees the values before it", "FROM scratch\nENV X=a\nENV X=b Y=$X\nCOPY $Y /", {}, ["a"]),
    (
        "a stage inherits ARG and ENV",
        "FROM scratch AS p\nARG X=a\nENV Y=b\nFROM p\nCOPY $X $Y /z/",
        {},
        ["a", "b"],
    ),
    ("in a stage FROM it, ENV is back", "FROM scratch AS p\nENV X=e\nARG X=a\nFROM p\nCOPY $X /", {}, ["e"]),
    ("a global ARG is seen where redeclared", "ARG X=g\nFROM scratch\nARG X\nCOPY $X /", {}, ["g"]),
    ("a global ARG is not seen elsewhere", "ARG X=g\nFROM scratch\nARG Y\nCOPY ${Y:-n} /", {}, ["n"]),
    (
        "a global ARG chooses the stage",
        "ARG V=b\nFROM scratch AS s-a\nCOPY a /\nFROM scratch AS s-b\nCOPY b /\nFROM s-$V",
        {},
        ["b"],
    ),
    ("a global ARG of global ARGs", "ARG A=a\nARG B=$A/b\nFROM scratch\nARG B\nCOPY $B /", {}, ["a/b"]),
    (
        "the target platform",
        "FROM scratch\nARG TARGETPLATFORM\nARG TARGETOS\nARG TARGETARCH\nCOPY $TARGETPLATFORM $TARGETOS $TARGETARCH /",
        {},
        ["linux/arm64", "linux", "arm64"],
    ),
    ("the target stage", "FROM scratch AS last\nARG TARGETSTAGE\nCOPY $TARGETSTAGE /", {}, ["last"]),
    (
        "a platform argument can be given",
        "FROM scratch\nARG BUILDARCH\nCOPY $BUILDARCH /",
        {"BUILDARCH": "x"},
        ["x"],
    ),
    ("an unknown variable in a destination", "FROM debian\nCOPY a ${LAMBDA_TASK_ROOT}/", {}, ["a"]),
    ("an unknown variable in an unused ENV", "FROM debian\nENV PATH=$PATH:/x\nCOPY a /", {}, ["a"]),
    (
        "an unknown variable in a mount's target",
        "FROM debian\nRUN --mount=source=a,target=$HOME/x true",
        {},
        ["a"],
    ),
    ("an unknown base image", "ARG B\nFROM $B\nCOPY a /", {}, ["a"]),
    ("the escape directive", "# escape=`\nFROM scratch\nARG X=a\nCOPY `$X $X /z/", {}, ["$X", "a"]),
]


@pytest.mark.parametrize(
    ("text", "args", "expected"), [v[1:] for v in VARIABLES], ids=[v[0] for v in VARIABLES]
)
def test_variables(text: str, args: dict[str, str | None], expected: list[str]) -> None:
    assert paths(text, build_args=args, platform=Platform.LINUX_ARM64) == expected


def test_include_makes_up_for_a_variable_without_a_value() -> None:
    found = context_sources("FROM debian\nARG P\nCOPY src/$P b /x/\n", TargetOptions(include=["src/*"]))
    assert [(source.path, source.line, source.instruction) for source in found.sources] == [
        ("b", 3, "COPY"),
        ("src/*", 0, "include"),
    ]
    assert found.warnings[0].startswith("Dockerfile:3: COPY source 'src/$P' depends on $P")


@pytest.mark.parametrize(
    ("text", "contexts", "expected", "used"),
    [
        ("FROM debian\nCOPY --from=shared /a /\n", ["shared"], [], ("shared",)),
        ("FROM debian\nRUN --mount=from=shared,target=/x true\n", ["shared"], [], ("shared",)),
        ("FROM scratch AS p\nCOPY a /\nFROM debian\nCOPY --from=P /a /\n", ["p"], [], ("p",)),
        (
            "FROM python:3.12\nCOPY a /\n",
            ["docker.io/library/python:3.12"],
            ["a"],
            ("docker.io/library/python:3.12",),
        ),
        ("FROM debian\nCOPY a /\n", ["shared"], ["a"], ()),
    ],
    ids=["COPY", "RUN --mount", "in place of a stage", "in place of an image", "not used"],
)
def test_named_contexts(text: str, contexts: list[str], expected: list[str], used: tuple[str, ...]) -> None:
    found = context_sources(text, TargetOptions(build_contexts=contexts))
    assert [source.path for source in found.sources] == expected
    assert tuple(found.named) == used


def test_flags_of_copy_go_with_its_sources() -> None:
    text = "FROM scratch\nCOPY --exclude=*.md --exclude=!a.md --parents a/./b/*.txt c/d /x/\n"
    assert context_sources(text).sources == (
        Source(
            path="a",
            line=2,
            instruction="COPY",
            written="a/./b/*.txt",
            parents=("b/*.txt",),
            excludes=("*.md", "!a.md"),
        ),
        Source(
            path=".", line=2, instruction="COPY", written="c/d", parents=("c/d",), excludes=("*.md", "!a.md")
        ),
    )


def test_lines_that_take_the_whole_context_are_known() -> None:
    text = "FROM scratch\nCOPY a /\nCOPY . /\nCOPY --parents a/b /\n"
    assert context_sources(text).whole_context_lines == (3,)


@pytest.mark.parametrize(
    "syntax",
    ["example/other", "evil.example/docker/dockerfile:1", "docker/dockerfile-evil", "my-docker/dockerfile"],
)
def test_a_frontend_that_is_not_dockers_is_a_warning(syntax: str) -> None:
    found = context_sources(f"# syntax={syntax}\nFROM scratch\n")
    assert found.warnings == (
        f"Dockerfile: `# syntax={syntax}` is not docker/dockerfile; what it reads may differ",
    )


def test_a_build_argument_may_choose_the_frontend() -> None:
    text, argument = "# syntax=docker/dockerfile:1\nFROM scratch\n", {"BUILDKIT_SYNTAX": "evil.example/a"}
    assert context_sources(text, TargetOptions(build_args=argument)).warnings == (
        "Dockerfile: `build_args['BUILDKIT_SYNTAX']=evil.example/a` is not docker/dockerfile; what it reads may differ",
    )


@pytest.mark.parametrize(
    "syntax", ["docker/dockerfile", "docker/dockerfile:1", "docker.io/docker/dockerfile-upstream:master-labs"]
)
def test_docker_s_own_frontend_causes_no_warning(syntax: str) -> None:
    assert context_sources(f"# syntax={syntax}\nFROM scratch\n").warnings == ()


def test_a_chain_of_a_thousand_stages_is_followed() -> None:
    lines = ["FROM scratch AS s0", "COPY first /"]
    for number in range(1, 1000):
        lines.append(f"FROM s{number - 1} AS s{number}")
    assert paths("\n".join(lines)) == ["first"]
    lines += (f"COPY --from=s{number} / /" for number in range(999))
    assert paths("\n".join(lines)) == ["first"]
