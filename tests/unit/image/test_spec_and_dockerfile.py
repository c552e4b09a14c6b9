"""What a spec checks in its Dockerfile."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.image.base_reference import BaseReference
from tests.refusals import refused
from tests.unit.image.specs import spec_of

BASE = BaseReference(uri="base:1", identity="1")
REQUIRES = (
    "FROM scratch\nRUN --mount=type=secret,id=pip,required --mount=type=ssh,required \\\n"
    " --mount=type=secret,id=npm --mount=type=ssh,id=git,required a\n"
)


def test_a_required_secret_or_agent_that_no_option_gives_is_a_warning(tmp_path: Path) -> None:
    assert spec_of(tmp_path, REQUIRES).warnings["secrets"] == (
        "Dockerfile:2: RUN --mount requires the secret id 'pip', which build_secrets does not give, so the build fails; "
        "add build_secrets={'pip': 'src=<path>'}",
        "Dockerfile:2: RUN --mount requires the ssh id 'default', which ssh does not give, so the build fails; "
        "add ssh='default'",
        "Dockerfile:2: RUN --mount requires the ssh id 'git', which ssh does not give, so the build fails; "
        "add ssh='git=<socket or key>'",
    )
    for ssh, missing in (("default", "git"), ("git=/agent", "default")):
        given = spec_of(tmp_path, REQUIRES, build_secrets={"pip": "env=PIP"}, ssh=ssh)
        assert [warning.partition(",")[0] for warning in given.warnings["secrets"]] == [
            f"Dockerfile:2: RUN --mount requires the ssh id {missing!r}"
        ]


def test_a_dockerfile_that_cannot_be_built_is_an_error_at_synth(tmp_path: Path) -> None:
    with refused("Dockerfile: has no FROM; a Dockerfile needs at least one"):
        spec_of(tmp_path, "ARG A")


def test_what_a_foreign_frontend_may_read_otherwise_is_a_warning(tmp_path: Path) -> None:
    made = spec_of(tmp_path, "# syntax=example/yaml\nimage: a\n", build_args={"A": "1"})
    (warning,) = made.warnings["upstream"]
    assert warning.startswith("Dockerfile:2: unknown instruction 'image:'; there are ")
    assert warning.endswith(
        "; `# syntax=example/yaml` may read the Dockerfile in another way, so its external images are unknown here: they "
        "are neither pinned nor mirrored, and a remote build gets no rights to pull them"
    )
    assert made.warnings["build-args"] == ()


@pytest.mark.parametrize(
    "text",
    [
        "# ARG BASE_IMAGE_URI\nFROM a\n",
        "FROM a\nARG BASE_IMAGE_URI\n",
        "ARG MY_BASE_IMAGE_URI BASE_IMAGE_URI_2\nFROM a\n",
        "FROM a\nRUN <<EOF\nARG BASE_IMAGE_URI\nEOF\n",
    ],
    ids=["a comment", "an ARG that FROM does not see", "an ARG of another name", "a heredoc"],
)
def test_a_base_that_no_arg_before_from_takes_is_an_error(tmp_path: Path, text: str) -> None:
    """The image would be built from something else."""
    with refused(
        "base: the build would start from something else, got Dockerfile without ARG BASE_IMAGE_URI before its first "
        "FROM; start it with ARG BASE_IMAGE_URI=<public image> and FROM ${BASE_IMAGE_URI}"
    ):
        spec_of(tmp_path, text, base=BASE)


LITERAL = "ARG BASE_IMAGE_URI=python\nFROM python AS prod\nARG BASE_IMAGE_URI\nRUN echo $BASE_IMAGE_URI\n"
USED = "ARG BASE_IMAGE_URI=python\nFROM ${BASE_IMAGE_URI} AS base\n"


@pytest.mark.parametrize(
    ("text", "target", "of_target"),
    [
        (LITERAL, None, ""),
        (f"{LITERAL}FROM ${{BASE_IMAGE_URI}} AS late\n", "prod", " of target 'prod'"),
        (f"{USED}FROM python\n", None, ""),
        ("ARG BASE_IMAGE_URI=python\nFROM --platform=${BASE_IMAGE_URI:+linux/amd64} python\n", None, ""),
    ],
    ids=["a literal", "the FROM of a later stage", "a stage that nothing needs", "the platform of a FROM"],
)
def test_a_base_that_no_from_of_the_target_takes_is_an_error(
    tmp_path: Path, text: str, target: str | None, of_target: str
) -> None:
    with refused(
        f"base: the build would start from something else, got Dockerfile, where no FROM{of_target} takes "
        "BASE_IMAGE_URI; write FROM ${BASE_IMAGE_URI}, or leave out base="
    ):
        spec_of(tmp_path, text, base=BASE, target=target)


@pytest.mark.parametrize(
    "text",
    [
        USED,
        f"{USED}FROM base\n",
        f"{USED}FROM scratch\nCOPY --from=base / /\n",
        f"{USED}FROM scratch\nCOPY --from=0 / /\n",
        f"{USED}FROM python\nRUN --mount=from=base true\n",
        "ARG BASE_IMAGE_URI=python\nARG START=${BASE_IMAGE_URI}\nFROM ${START}\n",
        "ARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI:-python}\n",
        "ARG BASE_IMAGE_URI=first\nFROM python AS first\nFROM ${BASE_IMAGE_URI}\n",
        "ARG BASE_IMAGE_URI=python\nARG MIRROR\nFROM ${MIRROR}${BASE_IMAGE_URI}\n",
        "# syntax=example/other\nARG BASE_IMAGE_URI=python\nFROM python\n",
    ],
)
def test_a_base_is_taken_in_any_way_that_a_dockerfile_reads_it(tmp_path: Path, text: str) -> None:
    assert spec_of(tmp_path, text, base=BASE).base == BASE


@pytest.mark.parametrize(
    ("text", "target", "of_target"),
    [
        ("FROM python\n", None, ""),
        ("FROM python AS prod\nFROM scratch\nCOPY --from=tools / /\n", "prod", " of target 'prod'"),
    ],
)
def test_a_named_base_that_the_target_does_not_read_is_an_error(
    tmp_path: Path, text: str, target: str | None, of_target: str
) -> None:
    with refused(
        f"named_bases['tools']: the build would not read it, got Dockerfile, where no instruction{of_target} names it; "
        "write COPY --from=tools, FROM tools or RUN --mount=from=tools, or leave it out"
    ):
        spec_of(tmp_path, text, named_bases={"tools": BASE}, target=target)


@pytest.mark.parametrize(
    "text",
    [
        "FROM tools\n",
        "FROM python AS tools\n",
        "FROM python AS tools\nFROM scratch\nCOPY --from=0 / /\n",
        "FROM python\nCOPY --from=tools / /\n",
        "FROM python\nRUN --mount=from=tools true\n",
        "FROM python AS first\nONBUILD COPY --from=tools / /\nFROM first\n",
        "ARG NAME=tools\nFROM ${NAME}\n",
        "ARG NAME\nFROM ${NAME}\n",
        "# syntax=example/other\nFROM python\n",
    ],
)
def test_a_named_base_is_taken_in_any_way_that_a_dockerfile_reads_it(tmp_path: Path, text: str) -> None:
    assert "tools" in spec_of(tmp_path, text, named_bases={"tools": BASE}).image_contexts


def test_arguments_in_heredocs_and_comments_are_not_declared(tmp_path: Path) -> None:
    text = "FROM a\nRUN <<EOF\nARG B\nEOF\nARG C=B\n"
    made = spec_of(tmp_path, text, build_args={"B": "1", "TARGETARCH": "x"})
    assert len(made.warnings["build-args"]) == 1
