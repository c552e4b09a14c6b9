"""Mistakes in a Dockerfile, and what cannot be known before the build, are said with their line and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.errors import ScopedImagesError
from tests.refusals import refused

UNKNOWN = "which has no value when the app is synthesized; give it one with"
INCLUDE = ", or name the files with include=[…]"

# (sentence, Dockerfile, exact message)
ERRORS = [
    (
        "an ARG without a value",
        "FROM debian\nARG PKG\n\nCOPY src/$PKG /x",
        f"Dockerfile:4: COPY source 'src/$PKG' depends on $PKG, {UNKNOWN} build_args={{'PKG': …}}{INCLUDE}",
    ),
    (
        "a variable of the base image, by way of ENV",
        "FROM debian\nENV D=$HOME/a\nCOPY $D /x",
        f"Dockerfile:3: COPY source '$D' depends on $HOME, {UNKNOWN} `ARG HOME` in that stage and "
        f"build_args={{'HOME': …}}{INCLUDE}",
    ),
    (
        "a default that a base image may override",
        "FROM debian\nCOPY ${D:-a} /x",
        f"Dockerfile:2: COPY source '${{D:-a}}' depends on $D, {UNKNOWN} `ARG D` in that stage and "
        f"build_args={{'D': …}}{INCLUDE}",
    ),
    (
        "the builder's platform",
        "FROM debian\nARG BUILDARCH\nCOPY $BUILDARCH /x",
        f"Dockerfile:3: COPY source '$BUILDARCH' depends on $BUILDARCH, {UNKNOWN} "
        f"build_args={{'BUILDARCH': …}}{INCLUDE}",
    ),
    (
        "the target's platform, undeclared",
        "FROM debian\nCOPY bin-${TARGETARCH} /",
        f"Dockerfile:2: COPY source 'bin-${{TARGETARCH}}' depends on $TARGETARCH, {UNKNOWN} `ARG TARGETARCH` in that "
        f"stage{INCLUDE}",
    ),
    (
        "an ARG before the first FROM, which only FROM sees",
        "ARG P=api\nFROM debian\nCOPY s/$P /",
        f"Dockerfile:3: COPY source 's/$P' depends on $P, {UNKNOWN} `ARG P` in that stage and "
        f"build_args={{'P': …}}{INCLUDE}",
    ),
    (
        "a base that may be a stage",
        "ARG V\nFROM debian AS a\nFROM $V\n",
        f"Dockerfile:3: FROM depends on $V, {UNKNOWN} build_args={{'V': …}}{INCLUDE}",
    ),
    (
        "an unknown stage number",
        "FROM debian\nCOPY --from=7 / /\n",
        "Dockerfile:2: --from: must be the number of a stage, got 7; the last is 0",
    ),
    (
        "a stage that needs itself",
        "FROM debian AS a\nCOPY --from=a / /\n",
        "Dockerfile:2: --from: the stage 'a' does not come before this one; move it up",
    ),
    (
        "a variable in --from",
        "ARG X=a\nFROM debian\nCOPY --from=$X / /\n",
        "Dockerfile:3: COPY --from=$X takes no variable; name a stage FROM it with an ARG before the first FROM",
    ),
    (
        "a COPY of a URL",
        "FROM a\nCOPY https://x /\n",
        "Dockerfile:2: COPY cannot take 'https://x'; use ADD for URLs and git",
    ),
    ("no FROM", "ARG A\n", "Dockerfile: has no FROM; a Dockerfile needs at least one"),
    (
        "an instruction before FROM",
        "COPY a /\nFROM a\n",
        "Dockerfile:1: COPY is before the first FROM, where only ARG may be",
    ),
    ("a NUL character", "FROM a\nCOPY a\0b /\n", "Dockerfile:2: has a NUL character; remove it"),
    (
        "an unknown mount",
        "FROM a\nRUN --mount=type=bound,source=a,target=/x b\n",
        "Dockerfile:2: RUN --mount has the unknown type 'bound'; there are bind, cache, secret, ssh, tmpfs",
    ),
    ("a bad substitution", "FROM a\nCOPY ${ /x\n", "Dockerfile:2: COPY: '${' has a bad substitution"),
    (
        "an error in a word that is not used",
        "FROM scratch\nARG A=a\nCOPY ${A:-${} /x\n",
        "Dockerfile:3: COPY: '${A:-${}' has a bad substitution",
    ),
    (
        "an error in an instruction that reads nothing",
        "FROM scratch\nWORKDIR ${\n",
        "Dockerfile:2: WORKDIR: '${' has a bad substitution",
    ),
    (
        "an error in a heredoc",
        "FROM scratch\nCOPY <<EOF /x\n${\nEOF\n",
        "Dockerfile:2: COPY: in the heredoc 'EOF': '${\\n' has an unknown modifier '\\n' in a substitution",
    ),
    (
        "an empty base",
        "ARG A=\nFROM $A\n",
        "Dockerfile:2: FROM takes an image, and '$A' is empty; give its ARG a value",
    ),
    (
        "a mount's field without value",
        'FROM a\nRUN --mount=type=bind,"target=/x,y" b\n',
        "Dockerfile:2: RUN --mount takes key=value pairs, got 'y'",
    ),
    (
        "a mount's key",
        "FROM a\nRUN --mount=tagret=/x b\n",
        "Dockerfile:2: RUN --mount has the unknown key 'tagret'; there are destination, dst, env, from, gid, id, mode, "
        "readonly, readwrite, required, ro, rw, sharing, size, source, src, target, type, uid",
    ),
    (
        "a secret from a stage",
        "FROM a AS b\nFROM a\nRUN --mount=type=secret,id=s,from=b c\n",
        "Dockerfile:3: RUN --mount takes no 'from' with type=secret",
    ),
    (
        "1,000 nested substitutions",
        f"FROM scratch\nCOPY {'${X:-' * 1000}a{'}' * 1000} /\n",
        f"Dockerfile:2: COPY: '{'${X:-' * 16}…' has more than 50 substitutions in each other; simplify it",
    ),
    (
        "ENV that doubles",
        "FROM scratch\nENV A=" + "a" * 100 + "".join("\nENV A=$A$A" for _ in range(12)) + "\nCOPY $A /\n",
        "Dockerfile:12: ENV: a word grows beyond 65,536 characters by its variables; shorten their values",
    ),
    (
        "patterns that take long",
        "FROM scratch\nENV A=" + "a" * 60_000 + f"\nENV B=${{A//{'b' * 20_000}/a}}" * 2 + "\n",
        "Dockerfile:4: ENV: expanding the variables of this Dockerfile takes too long; shorten their values",
    ),
]


@pytest.mark.parametrize(("text", "message"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS])
def test_a_mistake_is_named_with_its_line(text: str, message: str) -> None:
    with refused(message):
        context_sources(text)


# (sentence, Dockerfile, options, exact message)
OPTIONS: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "a build argument that is only known at build time",
        "FROM debian\nARG PKG=a\nCOPY $PKG /x",
        {"build_args": {"PKG": None}},
        f"Dockerfile:3: COPY source '$PKG' depends on $PKG, {UNKNOWN} build_args={{'PKG': …}}{INCLUDE}",
    ),
    (
        "an unknown target",
        "FROM debian AS a\nFROM debian\nFROM debian AS b\n",
        {"target": "c"},
        "target: Dockerfile has no such stage, got 'c'; its stages are 'a', 'b'",
    ),
    (
        "a target by its number",
        "FROM debian AS a\n",
        {"target": "0"},
        "target: Dockerfile has no such stage, got '0'; its stages are 'a'",
    ),
    (
        "a target in a heredoc",
        "FROM scratch\nCOPY <<EOF /x\nFROM scratch AS b\nEOF\n",
        {"target": "b"},
        "target: Dockerfile has no such stage, got 'b'; none of its stages has a name",
    ),
]


@pytest.mark.parametrize(
    ("text", "options", "message"), [o[1:] for o in OPTIONS], ids=[o[0] for o in OPTIONS]
)
def test_a_mistake_in_an_option_is_named(text: str, options: dict[str, Any], message: str) -> None:
    with refused(message):
        context_sources(text, TargetOptions(**options))


def test_a_stage_that_comes_later_cannot_be_copied_from() -> None:
    text = "FROM debian AS a\nCOPY --from=b / /\nFROM debian AS b\n"
    with pytest.raises(ScopedImagesError, match="--from: the stage 'b' does not come before this one"):
        context_sources(text, TargetOptions(target="a"))


def test_a_dockerfile_that_is_not_utf_8_is_an_error() -> None:
    with pytest.raises(ScopedImagesError, match=r"api\.Dockerfile: is not UTF-8 at byte 5; save it as UTF-8"):
        context_sources(b"FROM \xff\n", name="api.Dockerfile")
