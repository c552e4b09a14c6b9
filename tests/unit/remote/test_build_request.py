"""A build request travels as properties of a custom resource, and names the image that comes of it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from scoped_images.remote.build_request import BuildRequest
from scoped_images.remote.build_secret import BuildSecret
from tests.unit.remote.requests import REGISTRY, request

TEXT = st.text(max_size=30)
TEXTS = st.dictionaries(TEXT, TEXT, max_size=4)
LISTS = st.lists(TEXT, max_size=4).map(tuple)
OPTIONAL = st.none() | st.text(min_size=1, max_size=30)


@given(
    st.builds(
        BuildRequest,
        **{
            name: TEXT.filter(bool)
            for name in ("project", "role", "registry_id", "repository", "repository_uri")
        },
        **{
            name: TEXT.filter(bool)
            for name in ("tag", "platform", "archive_bucket", "archive_key", "dockerfile")
        },
        **dict.fromkeys(("target", "cache_to", "buildkit_image"), OPTIONAL),
        **dict.fromkeys(("build_args", "folder_contexts", "image_contexts"), TEXTS),
        **dict.fromkeys(("further_tags", "late_args", "cache_from", "outside_images"), LISTS),
        minutes=st.integers(5, 55),
        secrets=st.dictionaries(
            TEXT,
            st.builds(
                BuildSecret,
                kind=st.sampled_from(["SECRETS_MANAGER", "PARAMETER_STORE"]),
                name=st.from_regex(r"[A-Za-z0-9/_.-]{1,20}", fullmatch=True),
                json_key=st.none() | st.just("key"),
            ),
        ),
    )
)
def test_what_cloudformation_delivers_is_what_was_asked_for(asked: BuildRequest) -> None:
    delivered = json.loads(json.dumps(asked.to_properties()))
    assert BuildRequest.from_properties(delivered) == asked


def test_properties_are_texts_since_cloudformation_makes_texts_of_numbers() -> None:
    properties = request(build_args={"A": "", "B": "1"}, cache_from=("type=registry,ref=x",)).to_properties()
    assert properties["Minutes"] == "30"
    assert properties["BuildArguments"] == {"A": "", "B": "1"}
    assert "CacheTo" not in properties


def test_the_tag_is_the_content_s_where_nothing_is_late() -> None:
    assert request(build_args={"A": "1"}).image == "upload-dev:sha-0123456789ab"


def test_late_values_are_part_of_the_tag_and_only_they_are() -> None:
    """One expression may have another value at the next deploy, and its image would be another one's."""
    late = request(build_args={"URL": "https://a", "B": "1"}, late_args=("URL",))
    assert late.published_tag.startswith("sha-0123456789ab-")
    assert len(late.published_tag) == len("sha-0123456789ab-") + 16
    other = request(build_args={"URL": "https://b", "B": "1"}, late_args=("URL",))
    assert other.published_tag != late.published_tag
    same = request(build_args={"URL": "https://a", "B": "2"}, late_args=("URL",))
    assert same.published_tag == late.published_tag


def test_registries_are_those_of_image_base_named_images_and_caches() -> None:
    asked = request(
        build_args={
            "BASE_IMAGE_URI": "222222222222.dkr.ecr.us-east-1.amazonaws.com/base:sha-1",
            "OTHER": "evil.io/x",
        },
        image_contexts={"shared": "docker-image://public.ecr.aws/x/y:1"},
        cache_from=("type=registry,ref=333333333333.dkr.ecr.eu-west-1.amazonaws.com/upload:cache",),
        cache_to=f"type=registry,ref={REGISTRY}/upload-dev:cache,mode=max",
    )
    assert asked.registries == (
        REGISTRY,
        "222222222222.dkr.ecr.us-east-1.amazonaws.com",
        "333333333333.dkr.ecr.eu-west-1.amazonaws.com",
        "public.ecr.aws",
    )
