"""An image spec's fingerprint changes with what the build sees, and with nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.image.base_reference import BaseReference
from scoped_images.image.spec import index_tag
from scoped_images.platform import Platform
from tests.refusals import refused
from tests.unit.image.specs import spec


def test_the_content_tag_is_32_hex_digits_of_the_fingerprint(context: ScopedContext) -> None:
    made = spec(context)
    assert re.fullmatch(r"sha-[0-9a-f]{32}", made.content_tag)
    assert made.fingerprint.startswith(made.content_tag.removeprefix("sha-"))


def base(uri: str, identity: str) -> BaseReference:
    return BaseReference(uri=uri, identity=identity)


def test_what_the_build_can_see_changes_the_tag(context: ScopedContext) -> None:
    """Of a base its content counts: a moving tag keeps name and URI. A further secret is another image."""
    changes: list[dict[str, Any]] = [
        {},
        {"platform": Platform.LINUX_ARM64},
        {"target": "prod"},
        {"build_args": {"A": "1"}},
        {"base": base("base:stable", "sha-1")},
        {"base": base("base:stable", "sha-2")},
        {"named_bases": {"other": base("base:stable", "sha-1")}},
        {"named_bases": {"other": base("base:stable", "sha-2")}},
        {"named_bases": {"one": base("base:stable", "sha-1")}},
        {"build_secrets": {"pip": "src=/a"}},
        {"build_secrets": {"pip": "src=/a", "npm": "src=/a"}},
        {"ssh": "default"},
        {"network": "none"},
        {"network": "host"},
        # The expressions of values that only the deploy knows.
        {"late_args": {"A": '{"Ref": "One"}'}},
        {"late_args": {"A": '{"Ref": "Two"}'}},
        {"late_args": {"B": '{"Ref": "Two"}'}},
    ]
    assert len({spec(context, **change).content_tag for change in changes}) == len(changes)
    assert spec(context, late_args={"A": '{"Ref": "One"}'}).arguments == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"build_args": {"A": "1", "B": "2"}}, {"build_args": {"B": "2", "A": "1"}}),
        (
            {"base": base("111111111111.dkr.ecr.eu-west-1.amazonaws.com/base-dev:sha-1", "sha-1")},
            {"base": base("base:git-1", "sha-1")},
        ),
        ({"build_secrets": {"pip": "src=/a"}}, {"build_secrets": {"pip": "env=B"}}),
        ({"ssh": "default"}, {"ssh": "default=/tmp/agent"}),
        ({}, {"no_cache": True}),
    ],
    ids=[
        "the order of build arguments",
        "where a base is read from",
        "where a machine keeps a secret",
        "where a machine has its agent",
        "whether steps run again",
    ],
)
def test_what_the_image_does_not_show_changes_no_tag(
    context: ScopedContext, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert spec(context, **one).content_tag == spec(context, **other).content_tag


def test_the_base_image_is_a_build_argument(context: ScopedContext) -> None:
    assert spec(context, base=BaseReference(uri="base:1", identity="1"), build_args={"A": "1"}).arguments == {
        "A": "1",
        "BASE_IMAGE_URI": "base:1",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"build_args": {"N": 3}}, "build_args['N']: must be text, got 3 of type int; use '3'"),
        (
            {"build_args": {"BASE_IMAGE_URI": "x"}},
            "build_args['BASE_IMAGE_URI']: base= sets it, got a value of its own; use base= instead",
        ),
        ({"build_args": {"A B": "x"}}, "build_args: must have names of letters, digits and '_', got 'A B'"),
        (
            {"build_args": {"A": "${Token[TOKEN.1]}"}},
            "build_args['A']: must not be a token, got '${Token[TOKEN.1]}'; images are built before CloudFormation knows "
            "its value, so use a literal, or read the value at run time",
        ),
        (
            {"build_secrets": {"pip": "hunter2"}},
            "build_secrets['pip']: must be 'src=<path>' or 'env=<variable>', without commas and quotes; never pass the "
            "secret itself",
        ),
        (
            {"build_args": ["A=1"]},
            "build_args: must be Mapping, got list ['A=1']; use values by name, {'VERSION': '1'}",
        ),
        (
            {"build_secrets": {"pip": "src=a,id=other"}},
            "build_secrets['pip']: must be 'src=<path>' or 'env=<variable>', without commas and quotes; never pass the "
            "secret itself",
        ),
        (
            {"ssh": "default key"},
            "ssh: must be 'default' or '<id>=<path of a socket or key>', without blanks; never pass the key itself",
        ),
        ({"build_args": {"N": None}}, "build_args['N']: must be text, got None; leave the argument out"),
        ({"build_args": {1: "x"}}, "build_args: must have names of letters, digits and '_', got 1"),
        *(
            (
                {"build_secrets": {name: "env=X"}},
                f"build_secrets: must have ids without commas, quotes and blanks, got {name!r}; use the id of RUN "
                "--mount=type=secret",
            )
            for name in ("a,src=/etc/shadow", "", "a b", 1)
        ),
        (
            {"network": "bridge"},
            "network: must be 'default' or 'none' or 'host', got 'bridge'; leave it out for the builder's own",
        ),
        ({"no_cache": 1}, "no_cache: must be bool, got int 1; use True or False"),
        (
            {"build_secrets": ["pw"]},
            "build_secrets: must be Mapping, got list; use 'src=<path>' or 'env=<variable>' by id",
        ),
        ({"target": 3}, "target: must be str, got int 3; use the name of a stage"),
        ({"cache": True}, "cache: must be RegistryCache, got bool True; use False to build without a cache"),
        (
            {"upstream": "images.lock"},
            "upstream: must be UpstreamImages, got str 'images.lock'; use UpstreamImages(lock=ImagesLock.read())",
        ),
        ({"platform": "amd64"}, "platform: must be one of 'linux/amd64', 'linux/arm64', got 'amd64'"),
    ],
)
def test_a_wrong_option_is_named(context: ScopedContext, changes: dict[str, Any], message: str) -> None:
    with refused(message):
        spec(context, **changes)


@pytest.fixture
def found(tmp_path: Path) -> ScopedContext:
    """A context whose files depend on target, platform and build argument."""
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "code.py").write_text("api")
    (tmp_path / "Dockerfile").write_text(
        "FROM scratch AS test\nCOPY api /\nFROM scratch \\\n  AS prod\nARG PART=api\nCOPY ${PART} /\n"
    )
    return ScopedContext.from_dockerfile(
        tmp_path, platform=Platform.LINUX_AMD64, target="prod", build_args={"PART": "api"}
    )


def test_a_found_context_brings_its_options_along(found: ScopedContext) -> None:
    made = spec(found)
    assert (made.stage, made.arguments) == ("prod", {"PART": "api"})
    assert spec(found, target="prod", build_args={"PART": "api"}).fingerprint == made.fingerprint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "test"}, "target: must be 'prod', which the context was made for, got 'test'"),
        (
            {"platform": Platform.LINUX_ARM64},
            "platform: must be 'linux/amd64', which the context was made for, got 'linux/arm64'",
        ),
        (
            {"build_args": {"PART": "web"}},
            "build_args['PART']: must be 'api', which the context was made for, got 'web'",
        ),
        (
            {"build_args": {"MORE": "1"}},
            "build_args['MORE']: must be none, which the context was made for, got '1'",
        ),
    ],
)
def test_options_that_the_files_were_not_found_for_are_refused(
    found: ScopedContext, changes: dict[str, Any], message: str
) -> None:
    """The build would read files that are not there, and the hash would not tell."""
    with refused(f"{message}; give it to ScopedContext.from_dockerfile, which finds the files by it"):
        spec(found, **changes)


def test_named_bases_are_contexts_that_are_images(context: ScopedContext) -> None:
    made = spec(context, named_bases={"other": BaseReference(uri="other:1", identity="1")})
    assert made.image_contexts == {"other": "docker-image://other:1"}


@pytest.mark.parametrize(
    ("name", "contexts", "own"),
    [("Other", (), "its names"), ("one", ("one", "two"), "one, two"), ("two", ("one", "two"), "one, two")],
)
def test_a_named_base_with_a_name_that_no_dockerfile_finds_or_a_context_has_is_refused(
    tmp_path: Path, name: str, contexts: tuple[str, ...], own: str
) -> None:
    lines = [f"COPY --from={each} . /\n" for each in contexts]
    (tmp_path / "Dockerfile").write_text("".join(["FROM scratch\n", *lines]))
    (tmp_path / "folder").mkdir()
    context = ScopedContext.from_dockerfile(
        tmp_path,
        platform=Platform.LINUX_AMD64,
        build_contexts=dict.fromkeys(contexts, tmp_path / "folder"),
    )
    with refused(
        f"named_bases: must have names that the context does not have itself, got {name!r}; use lower-case letters, "
        f"digits, '.', '_', '-' and '/', and none of {own}"
    ):
        spec(context, named_bases={name: BaseReference(uri="other:1", identity="1")})


def test_an_index_has_a_tag_of_its_own_whatever_the_order(context: ScopedContext) -> None:
    specs = [spec(context, platform=platform) for platform in Platform]
    assert index_tag(specs) == index_tag(specs[::-1])
    assert index_tag(specs) not in {each.content_tag for each in specs}
    assert index_tag(specs[:1]) == specs[0].content_tag


def test_an_argument_that_the_dockerfile_does_not_declare_is_a_warning(context: ScopedContext) -> None:
    """BuildKit says so only after the build, and the tag has changed for nothing."""
    given = {"VERSOIN": "1", "BASE_IMAGE_TAG": "2", "HTTPS_PROXY": "3", "SOURCE_DATE_EPOCH": "0"}
    assert spec(context, build_args=given).warnings["build-args"] == (
        "build_args['VERSOIN'] is for no ARG of Dockerfile: it changes the image's tag, and not the image",
        "build_args['BASE_IMAGE_TAG'] is for no ARG of Dockerfile: it changes the image's tag, and not the image",
    )


def test_arguments_are_found_in_any_way_that_a_dockerfile_declares_them(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "arg ONE=1 \\\n    TWO\nFROM scratch\n  ARG THREE\nONBUILD ARG FOUR=x\n"
    )
    given = dict.fromkeys(("ONE", "TWO", "THREE", "FOUR"), "1")
    assert spec(ScopedContext.of(tmp_path), build_args=given).warnings["build-args"] == ()


@pytest.mark.parametrize("named", [False, True])
def test_a_secret_s_file_in_a_context_is_refused(tmp_path: Path, named: bool) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM scratch\nCOPY --from=more . /\n" if named else "FROM scratch\nCOPY . /\n"
    )
    (tmp_path / "more").mkdir()
    secret = tmp_path / "more" / "pip.conf"
    secret.write_text("hidden")
    context = ScopedContext.from_dockerfile(
        tmp_path,
        platform=Platform.LINUX_AMD64,
        build_contexts={"more": tmp_path / "more"} if named else {},
    )
    with refused(
        f"build_secrets['pip']: {secret} is in the build context of Dockerfile too, so the image would hold the secret; "
        f"name it in the ignore file of {secret.parent if named else tmp_path}"
    ):
        spec(context, build_secrets={"pip": f"src={secret}"})


def test_a_secret_s_file_beside_the_context_is_taken(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / ".dockerignore").write_text("pip.conf\n")
    (tmp_path / "pip.conf").write_text("hidden")
    context = ScopedContext.from_dockerfile(tmp_path, platform=Platform.LINUX_AMD64)
    assert "pip.conf" not in [
        file.path for file in spec(context, build_secrets={"pip": f"src={tmp_path}/pip.conf"}).context.files
    ]
