"""Names of images, taken apart and shortened as docker does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoped_images import ScopedImagesError
from scoped_images.ecr.image_name import ImageName

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("written", "familiar", "parts"),
    [
        ("python", "python", ("docker.io", "library/python", "latest", "")),
        ("docker.io/library/python:3.13", "python:3.13", ("docker.io", "library/python", "3.13", "")),
        ("index.docker.io/python", "python", ("docker.io", "library/python", "latest", "")),
        ("library/a/b:1", "library/a/b:1", ("docker.io", "library/a/b", "1", "")),
        ("team/tool", "team/tool", ("docker.io", "team/tool", "latest", "")),
        ("localhost/tool:1", "localhost/tool:1", ("localhost", "tool", "1", "")),
        ("host:5000/tool", "host:5000/tool", ("host:5000", "tool", "latest", "")),
        ("a.b/c:latest", "a.b/c", ("a.b", "c", "latest", "")),
        ("Upper/tool:1", "Upper/tool:1", ("Upper", "tool", "1", "")),
        ("[::1]:5000/tool:1", "[::1]:5000/tool:1", ("[::1]:5000", "tool", "1", "")),
        (
            f"a@sha512:{'a' * 128}",
            f"a@sha512:{'a' * 128}",
            ("docker.io", "library/a", "", f"sha512:{'a' * 128}"),
        ),
        (f"a.b/c@{DIGEST}", f"a.b/c@{DIGEST}", ("a.b", "c", "", DIGEST)),
        (f"a.b/c:1@{DIGEST}", f"a.b/c:1@{DIGEST}", ("a.b", "c", "1", DIGEST)),
    ],
)
def test_is_taken_apart_and_shortened(written: str, familiar: str, parts: tuple[str, ...]) -> None:
    name = ImageName.parse(written)
    assert (name.registry, name.path, name.tag, name.digest) == parts
    assert name.familiar == familiar


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Upper",
        "a b",
        "a:",
        "a@sha256:1",
        "a@",
        "https://a.b/c",
        "a//b",
        "a/",
        "-a",
        "a:${V}",
        "a" * 64,
        "a." + "a" * 200 + "!/b",
    ],
)
def test_what_docker_does_not_take_is_refused(written: str) -> None:
    with pytest.raises(ScopedImagesError) as raised:
        ImageName.parse(written)
    assert str(raised.value).startswith(
        f"{written!r} is not the name of an image; write it like public.ecr.aws/"
    )


@given(
    host=st.sampled_from(["", "docker.io/", "docker.io/library/", "a.example/", "localhost:5000/"]),
    path=st.from_regex(r"[a-z0-9]{1,3}(/[a-z0-9]{1,3}){0,2}", fullmatch=True),
    version=st.sampled_from(["", ":latest", ":3.13", f"@{DIGEST}", f":1@{DIGEST}"]),
)
def test_the_short_form_names_the_same_image(host: str, path: str, version: str) -> None:
    name = ImageName.parse(f"{host}{path}{version}")
    assert ImageName.parse(name.familiar) == name
